/**
 * Writes scenes as baseline JPEG: no subsampling, blocks of 8 by 8 pixels, quantized so finely that colors are off by 2 at
 * most. A block of one color, as nearly all are, takes 6 bits and no arithmetic.
 */
import { words } from "./prefixCode.ts"
import { type Orientation, painter, type Scene } from "./scene.ts"

/** Every coefficient is divided by it. */
const step = 2

// One bit for what fills flat blocks: no difference to the block before, and no further coefficients.
const dcSymbols = Uint8Array.from({ length: 12 }, (_, size) => size)
const acSymbols = Uint8Array.from([
  0x00,
  0xf0,
  ...Array.from({ length: 160 }, (_, i) => (i % 16) << 4 | (1 + Math.floor(i / 16)))
])

interface Code {
  readonly symbols: Uint8Array
  /** Bits of all words but the first, which has 1. */
  readonly bits: number
  readonly words: Uint16Array
  readonly lengths: Uint8Array
}

const code = (symbols: Uint8Array, bits: number): Code => {
  const inOrder = words(Uint8Array.from(symbols, (_, i) => i === 0 ? 1 : bits))
  const [byWord, lengths] = [new Uint16Array(256), new Uint8Array(256)]
  symbols.forEach((symbol, i) => {
    byWord[symbol] = inOrder[i] ?? 0
    lengths[symbol] = i === 0 ? 1 : bits
  })
  return { symbols, bits, words: byWord, lengths }
}

const dc = code(dcSymbols, 5)
const ac = code(acSymbols, 9)

/** Positions of the coefficients, from low to high frequencies. */
const zigzag = ((): ReadonlyArray<number> => {
  const all = Array.from({ length: 64 }, (_, i) => i)
  const key = (i: number): number => {
    const [x, y] = [i & 7, i >> 3]
    return (x + y) * 8 + ((x + y) % 2 === 0 ? x : y)
  }
  return all.toSorted((a, b) => key(a) - key(b))
})()

const cosines = Float64Array.from({ length: 64 }, (_, i) => {
  const [x, u] = [i & 7, i >> 3]
  return (u === 0 ? Math.SQRT1_2 : 1) / 2 * Math.cos((2 * x + 1) * u * Math.PI / 16)
})

/** Transforms rows, and turns rows to columns: twice is the whole transform. */
const transformRows = (from: Float64Array, to: Float64Array): void => {
  for (let y = 0; y < 8; y++) {
    for (let u = 0; u < 8; u++) {
      let sum = 0
      for (let x = 0; x < 8; x++) sum += (cosines[u * 8 + x] as number) * (from[y * 8 + x] as number)
      to[u * 8 + y] = sum
    }
  }
}

/** Collects bits, most significant first; a byte of ones is followed by a zero byte. */
class BitWriter {
  #bytes = Buffer.alloc(16_384)
  #length = 0
  #bits = 0
  #count = 0

  put(value: number, count: number): void {
    this.#bits = this.#bits << count | value
    this.#count += count
    while (this.#count >= 8) {
      this.#count -= 8
      const byte = this.#bits >>> this.#count & 255
      if (this.#length + 2 > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], this.#length * 2)
      this.#bytes[this.#length++] = byte
      if (byte === 255) this.#bytes[this.#length++] = 0
    }
    this.#bits &= (1 << this.#count) - 1
  }

  finish(): Uint8Array {
    const padding = (8 - this.#count) % 8
    this.put((1 << padding) - 1, padding)
    return this.#bytes.subarray(0, this.#length)
  }
}

/** Writes blocks of one component, each as its difference to the one before. */
class BlockWriter {
  readonly #out: BitWriter
  #last = 0

  constructor(out: BitWriter) {
    this.#out = out
  }

  flat(level: number): void {
    // the transform's constant is 8 times the level
    this.#first(Math.round(level * 8 / step))
    this.#symbol(ac, 0)
  }

  mixed(coefficients: Float64Array): void {
    this.#first(Math.round((coefficients[0] as number) / step))
    let zeros = 0
    for (let i = 1; i < 64; i++) {
      const value = Math.round((coefficients[zigzag[i] as number] as number) / step)
      if (value === 0) {
        zeros++
        continue
      }
      for (; zeros > 15; zeros -= 16) this.#symbol(ac, 0xf0)
      const size = 32 - Math.clz32(Math.abs(value))
      this.#symbol(ac, zeros << 4 | size)
      this.#value(value, size)
      zeros = 0
    }
    if (zeros > 0) this.#symbol(ac, 0)
  }

  #first(value: number): void {
    const difference = value - this.#last
    this.#last = value
    const size = 32 - Math.clz32(Math.abs(difference))
    this.#symbol(dc, size)
    this.#value(difference, size)
  }

  #symbol(of: Code, symbol: number): void {
    this.#out.put(of.words[symbol] ?? 0, of.lengths[symbol] ?? 0)
  }

  #value(value: number, size: number): void {
    if (size > 0) this.#out.put(value < 0 ? value + (1 << size) - 1 : value, size)
  }
}

/** Luma and both chromas of a color, shifted to be around 0. */
const components = (color: number): readonly [number, number, number] => {
  const [r, g, b] = [color >>> 16 & 255, color >>> 8 & 255, color & 255]
  return [
    0.299 * r + 0.587 * g + 0.114 * b - 128,
    -0.168736 * r - 0.331264 * g + 0.5 * b,
    0.5 * r - 0.418688 * g - 0.081312 * b
  ]
}

const scan = (scene: Scene): Uint8Array => {
  const { height, width } = scene
  const columns = Math.ceil(width / 8)
  const { paint, row } = painter(scene)
  const out = new BitWriter()
  const writers = [new BlockWriter(out), new BlockWriter(out), new BlockWriter(out)]
  const known = new Map<number, ReturnType<typeof components>>()
  const componentsOf = (color: number) => {
    let found = known.get(color)
    if (found === undefined) known.set(color, found = components(color))
    return found
  }
  const strip = new Uint32Array(columns * 64)
  const [samples, turned] = [new Float64Array(64), new Float64Array(64)]
  for (let top = 0; top < height; top += 8) {
    let isUniform = true
    for (let y = 0; y < 8; y++) {
      // rows and columns past the edge repeat the last one
      if (top + y < height && paint(top + y) && y > 0) isUniform = false
      strip.set(row, y * columns * 8)
      strip.fill(row[width - 1] as number, y * columns * 8 + width, (y + 1) * columns * 8)
    }
    for (let left = 0; left < columns * 8; left += 8) {
      const color = strip[left] as number
      let isFlat = true
      for (let y = 0; y < (isUniform ? 1 : 8) && isFlat; y++) {
        for (let x = 0; x < 8 && isFlat; x++) isFlat = strip[y * columns * 8 + left + x] === color
      }
      for (const [channel, writer] of writers.entries()) {
        if (isFlat) {
          writer.flat(componentsOf(color)[channel] as number)
          continue
        }
        for (let i = 0; i < 64; i++) {
          samples[i] = componentsOf(strip[(i >> 3) * columns * 8 + left + (i & 7)] as number)[channel] as number
        }
        transformRows(samples, turned)
        transformRows(turned, samples)
        writer.mixed(samples)
      }
    }
  }
  return out.finish()
}

const segment = (marker: number, data: Uint8Array): Uint8Array => {
  const out = Buffer.alloc(data.length + 4)
  out.writeUInt16BE(0xff00 | marker, 0)
  out.writeUInt16BE(data.length + 2, 2)
  out.set(data, 4)
  return out
}

const table = (id: number, { bits, symbols }: Code): Uint8Array => {
  const counts = new Uint8Array(16)
  counts[0] = 1
  counts[bits - 1] = symbols.length - 1
  return Uint8Array.from([id, ...counts, ...symbols])
}

/** EXIF with the orientation and nothing else. */
const exif = (orientation: Orientation): Uint8Array => {
  const out = Buffer.alloc(32)
  out.write("Exif\0\0MM\0*", "latin1")
  out.writeUInt32BE(8, 10)
  out.writeUInt16BE(1, 14)
  out.writeUInt16BE(0x0112, 16)
  out.writeUInt16BE(3, 18)
  out.writeUInt32BE(1, 20)
  out.writeUInt16BE(orientation, 24)
  return out
}

/** Writes a scene that is turned already, with its EXIF orientation if it has one. */
export const encode = (scene: Scene, orientation?: Orientation): Uint8Array => {
  const frame = Buffer.from([8, 0, 0, 0, 0, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
  frame.writeUInt16BE(scene.height, 1)
  frame.writeUInt16BE(scene.width, 3)
  return Buffer.concat([
    Uint8Array.of(0xff, 0xd8),
    ...(orientation === undefined
      ? [segment(0xe0, Uint8Array.from([0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]))]
      : [segment(0xe1, exif(orientation))]),
    segment(0xdb, Uint8Array.from([0, ...Array.from({ length: 64 }, () => step)])),
    segment(0xc0, frame),
    segment(0xc4, Uint8Array.from([...table(0x00, dc), ...table(0x10, ac)])),
    segment(0xda, Uint8Array.of(3, 1, 0, 2, 0, 3, 0, 0, 63, 0)),
    scan(scene),
    Uint8Array.of(0xff, 0xd9)
  ])
}
