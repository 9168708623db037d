/** A mask as the platform has them: 1080p, RGBA, with many instances in their own colors. */
import { crc32, deflateSync } from "node:zlib"

/** Instances in the mask. */
export const instances = 40

const [width, height] = [1920, 1080]

const colorOf = (instance: number): number => 0x102030 + instance * 0x050301

/** Ellipses of different sizes, in rows of eight, one over the other at their edges. */
const pixels = (): Buffer => {
  const data = Buffer.alloc(width * height * 4)
  for (let instance = 0; instance < instances; instance++) {
    const [cx, cy] = [120 + (instance % 8) * 240, 108 + Math.floor(instance / 8) * 216]
    const [rx, ry] = [90 + (instance * 7) % 50, 80 + (instance * 5) % 40]
    for (let y = Math.max(0, cy - ry); y < Math.min(height, cy + ry); y++) {
      const half = Math.round(rx * Math.sqrt(1 - ((y - cy) / ry) ** 2))
      for (let x = Math.max(0, cx - half); x < Math.min(width, cx + half); x++) {
        data.writeUInt32BE(((colorOf(instance) << 8) | 0xff) >>> 0, (y * width + x) * 4)
      }
    }
  }
  return data
}

const chunk = (type: string, data: Uint8Array): Uint8Array => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data])
  const around = Buffer.alloc(8)
  around.writeUInt32BE(data.length, 0)
  around.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)])
}

/** The PNG, each row filtered by the pixel to the left. */
export const png = (): Uint8Array => {
  const data = pixels()
  const raw = Buffer.alloc((width * 4 + 1) * height)
  for (let y = 0, to = 0; y < height; y++) {
    raw[to++] = 1
    for (let x = 0; x < width * 4; x++) {
      const at = y * width * 4 + x
      raw[to++] = data[at]! - (x < 4 ? 0 : data[at - 4]!)
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 6, 0, 0, 0], 8)
  const signature = Buffer.from("89504e470d0a1a0a", "hex")
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(raw)),
    chunk("IEND", new Uint8Array(0))
  ])
}

/** The legend of the mask. */
export const legend = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Array.from({ length: instances }, (_, instance) => [
      `#${colorOf(instance).toString(16).padStart(6, "0")}`,
      `car # ${instance + 1}`
    ])
  )
