/**
 * Writes scenes as PNG: 8 bits a channel, no interlacing. Equal rows and runs of a color cost next to nothing: a row is
 * stored as its difference to the left or upper neighbor, and runs of zeros go straight into the compressed form, so that
 * a large picture takes about a millisecond and a few kilobytes.
 */
import { crc32 } from "node:zlib"
import { words } from "./prefixCode.ts"
import { painter, type Scene } from "./scene.ts"

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

const chunk = (type: string, data: Uint8Array): Uint8Array => {
  const out = Buffer.alloc(data.length + 12)
  out.writeUInt32BE(data.length, 0)
  out.write(type, 4, "latin1")
  out.set(data, 8)
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length)
  return out
}

// Lengths of the code's words, made for long runs of zeros: 1 bit for a match of 258 bytes, 10 for a literal.
const lengths = Uint8Array.from({ length: 286 }, (_, symbol) => symbol < 256 ? 10 : symbol < 259 ? 6 : 7)
lengths[285] = 1

const reversed = (word: number, length: number): number => {
  let out = 0
  for (let i = 0; i < length; i++) out |= (word >>> i & 1) << (length - 1 - i)
  return out
}

const reversedWords = (of: ArrayLike<number>): Uint16Array =>
  words(of).map((word, symbol) => reversed(word, of[symbol] ?? 0))

const literals = reversedWords(lengths)

/** Symbol, base and extra bits for each length of a match, 3 to 258. */
const matches = ((): ReadonlyArray<readonly [symbol: number, base: number, extra: number]> => {
  const out: Array<readonly [number, number, number]> = []
  let base = 3
  for (let symbol = 257; symbol < 285; symbol++) {
    const extra = symbol < 265 ? 0 : (symbol - 261) >> 2
    for (let length = base; length < base + (1 << extra); length++) out[length] = [symbol, base, extra]
    base += 1 << extra
  }
  out[258] = [285, 258, 0]
  return out
})()

/** Collects bits, least significant first. */
class BitWriter {
  #bytes = new Uint8Array(4096)
  #length = 0
  #bits = 0
  #count = 0

  put(value: number, count: number): void {
    this.#bits |= value << this.#count
    this.#count += count
    while (this.#count >= 8) {
      if (this.#length === this.#bytes.length) {
        const larger = new Uint8Array(this.#length * 2)
        larger.set(this.#bytes)
        this.#bytes = larger
      }
      this.#bytes[this.#length++] = this.#bits & 255
      this.#bits >>>= 8
      this.#count -= 8
    }
  }

  finish(): Uint8Array {
    this.put(0, (8 - this.#count) % 8)
    return this.#bytes.subarray(0, this.#length)
  }
}

/** Lengths of the words that write the lengths of the words, by symbol. */
const headerLengths = Uint8Array.from({ length: 19 }, (_, symbol) => ({ 16: 1, 10: 2, 7: 3, 6: 4, 1: 4 })[symbol] ?? 0)
const headerWords = reversedWords(headerLengths)
const headerOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Begins the one block of a zlib stream: its code, and a single distance of 1. */
const begin = (out: BitWriter): void => {
  out.put(0x0178, 16)
  out.put(1 | 2 << 1, 3)
  out.put(lengths.length - 257, 5)
  out.put(0, 5)
  const known = headerOrder.slice(0, 18)
  out.put(known.length - 4, 4)
  for (const symbol of known) out.put(headerLengths[symbol] ?? 0, 3)
  const put = (symbol: number): void => out.put(headerWords[symbol] ?? 0, headerLengths[symbol] ?? 0)
  const all = [...lengths, 1]
  for (let i = 0; i < all.length;) {
    let repeats = 1
    while (all[i + repeats] === all[i]) repeats++
    i += repeats
    const length = all[i - 1] ?? 0
    put(length)
    for (repeats--; repeats >= 3;) {
      const times = Math.min(6, repeats)
      put(16)
      out.put(times - 3, 2)
      repeats -= times
    }
    while (repeats-- > 0) put(length)
  }
}

/** Compresses bytes that are mostly zero, given as runs and as single bytes. */
class ZeroRunDeflate {
  readonly #out = new BitWriter()
  #zeros = 0
  #low = 1
  #high = 0

  constructor() {
    begin(this.#out)
  }

  zeros(count: number): void {
    this.#zeros += count
  }

  byte(value: number): void {
    if (value === 0) {
      this.#zeros++
      return
    }
    this.#flush()
    this.#literal(value)
  }

  finish(): Uint8Array {
    this.#flush()
    this.#out.put(literals[256] ?? 0, lengths[256] ?? 0)
    const body = this.#out.finish()
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(this.#high * 65536 + this.#low)
    return Buffer.concat([body, sum])
  }

  #literal(value: number): void {
    this.#out.put(literals[value] ?? 0, lengths[value] ?? 0)
    this.#low = (this.#low + value) % 65521
    this.#high = (this.#high + this.#low) % 65521
  }

  #flush(): void {
    if (this.#zeros === 0) return
    // a match repeats the byte before, which has to be a zero
    this.#literal(0)
    let left = this.#zeros - 1
    this.#zeros = 0
    this.#high = (this.#high + left * this.#low) % 65521
    // the longest match is two zero bits, its length and its distance: eight at once
    for (; left >= 8 * 258; left -= 8 * 258) this.#out.put(0, 16)
    while (left >= 3) {
      const length = Math.min(258, left)
      const [symbol, base, extra] = matches[length] as (typeof matches)[number]
      this.#out.put(literals[symbol] ?? 0, lengths[symbol] ?? 0)
      this.#out.put(length - base, extra)
      this.#out.put(0, 1)
      left -= length
    }
    while (left-- > 0) this.#out.put(literals[0] ?? 0, lengths[0] ?? 0)
  }
}

/** Writes a scene with 3 channels (red, green, blue) or 4 (and alpha). */
export const encode = (scene: Scene, channels: 3 | 4): Uint8Array => {
  const { height, width } = scene
  const { paint, row, starts } = painter(scene)
  const data = new ZeroRunDeflate()
  for (let y = 0; y < height; y++) {
    if (!paint(y)) {
      data.byte(2)
      data.zeros(width * channels)
      continue
    }
    data.byte(1)
    let [left, at] = [0, 0]
    for (const x of starts()) {
      const color = row[x]
      if (color === left || color === undefined) continue
      data.zeros((x - at) * channels)
      data.byte((color >>> 16) - (left >>> 16) & 255)
      data.byte((color >>> 8) - (left >>> 8) & 255)
      data.byte(color - left & 255)
      if (channels === 4) data.byte((color >>> 24) - (left >>> 24) & 255)
      left = color
      at = x + 1
    }
    data.zeros((width - at) * channels)
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, channels === 4 ? 6 : 2, 0, 0, 0], 8)
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", data.finish()),
    chunk("IEND", new Uint8Array(0))
  ])
}
