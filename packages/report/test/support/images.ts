/** The beginnings of image files: as much as says what they are, and no pixels. */

/** A PNG. */
export const png = (width: number, height: number): Uint8Array => {
  const bytes = Buffer.alloc(64)
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  bytes.write("IHDR", 12, "latin1")
  bytes.writeUInt32BE(width, 16)
  bytes.writeUInt32BE(height, 20)
  return bytes
}

/** A WebP with an extended header. */
export const webp = (width: number, height: number): Uint8Array => {
  const bytes = Buffer.alloc(40)
  bytes.write("RIFF", 0, "latin1")
  bytes.write("WEBPVP8X", 8, "latin1")
  bytes.writeUIntLE(width - 1, 24, 3)
  bytes.writeUIntLE(height - 1, 27, 3)
  return bytes
}

/** The block of a JPEG that holds its EXIF orientation. */
export const exif = (orientation: number, isLittle = true): Uint8Array => {
  const bytes = Buffer.alloc(36)
  const u16 = (value: number, at: number) => isLittle ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at)
  const u32 = (value: number, at: number) => isLittle ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at)
  bytes.set([0xff, 0xe1, 0, 34])
  bytes.write("Exif", 4, "latin1")
  bytes.write(isLittle ? "II" : "MM", 10, "latin1")
  u16(42, 12)
  u32(8, 14)
  u16(1, 18)
  u16(0x0112, 20)
  u16(3, 22)
  u32(1, 24)
  u16(orientation, 28)
  return bytes
}

/** A JPEG, stored in this size. */
export const jpeg = (width: number, height: number, orientation?: number, isLittle?: boolean): Uint8Array => {
  const frame = Buffer.from([0xff, 0xc0, 0, 11, 8, 0, 0, 0, 0, 1, 1, 0x11, 0])
  frame.writeUInt16BE(height, 5)
  frame.writeUInt16BE(width, 7)
  const turned = orientation === undefined ? [] : [exif(orientation, isLittle)]
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...turned, frame, Buffer.from([0xff, 0xd9])])
}
