import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { deflateSync } from "node:zlib"
import { DatasetError, Legend, Png } from "../src/index.ts"
import { shape } from "../src/testing/corpus.ts"
import { readGray } from "./readers/files/readPng.ts"
import { encode } from "./support/pngEncoder.ts"

const side = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 24 }))
const picture = Schema.Struct({
  width: side,
  height: side,
  channels: Schema.Literals([3, 4]),
  filters: Schema.Array(Schema.Literals([0, 1, 2, 3, 4])).check(Schema.isMinLength(1)),
  seed: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 2 })),
  pieces: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 }))
})

const noise = (length: number, seed: number): Uint8Array => {
  let state = seed
  return Uint8Array.from({ length }, () => (state = (state * 48271) % 2147483647) >> 8)
}

const rejects = (png: Uint8Array, why: RegExp) => {
  assert.throws(() => Png.decode(png), why)
  assert.throws(() => Png.decode(png), DatasetError)
}

describe("a PNG", () => {
  it.prop("is decoded, whatever its filters and however its data is cut", [picture], ([of]) => {
    const { channels, filters, height, pieces, seed, width } = of
    const data = noise(width * height * channels, seed)
    const png = encode({ width, height, channels, data, filters, pieces })
    assert.deepStrictEqual(Png.decode(png), { width, height, channels, data })
  }, { arbitrary: { runs: 200 } })

  it("of another kind is refused by name", () => {
    const of = (depth: number, color: number, interlaced = 0) =>
      encode({
        width: 1,
        height: 1,
        channels: 3,
        data: new Uint8Array(3),
        filters: [0],
        header: [depth, color, 0, 0, interlaced]
      })
    rejects(of(8, 3), /is 8-bit palette: masks can be read as/)
    rejects(of(16, 6), /16-bit RGBA/)
    rejects(of(1, 0), /1-bit gray/)
    rejects(of(8, 4), /gray with alpha/)
    rejects(of(8, 6, 1), /RGBA, interlaced/)
  })

  it("that is damaged is refused", () => {
    const png = encode({ width: 9, height: 9, channels: 4, data: noise(324, 7), filters: [0] })
    rejects(new Uint8Array(0), /no PNG/)
    rejects(Buffer.from("\u00ff\u00d8\u00ff", "latin1"), /no PNG/)
    for (let length = 8; length < png.length - 12; length += 7) rejects(png.subarray(0, length), /not complete|damaged/)
    const broken = Uint8Array.from(png)
    broken[60]! ^= 0xff
    rejects(broken, /damaged|not complete/)
    rejects(encode({ width: 1, height: 1, channels: 4, data: new Uint8Array(4), filters: [5] }), /no filter 5/)
  })

  it("that says it is enormous, or that unpacks to more than it says, is refused", () => {
    rejects(
      encode({ width: 100_000, height: 100_000, channels: 4, data: new Uint8Array(4), filters: [0] }),
      /100000 x 100000/
    )
    const raw = deflateSync(new Uint8Array(1_000_000))
    rejects(encode({ width: 1, height: 1, channels: 4, data: new Uint8Array(4), filters: [0], raw }), /damaged/)
  })

  it.prop("of gray values is read back by another reader", [side, side, Schema.Literals([8, 16]), picture], (
    [width, height, depth, { seed }]
  ) => {
    const bytes = noise(width * height * 2, seed)
    const values = Array.from(
      { length: width * height },
      (_, i) => depth === 8 ? bytes[i]! : bytes[2 * i]! * 256 + bytes[2 * i + 1]!
    )
    assert.deepStrictEqual(readGray(Png.encodeGray(values, width, height, depth)), { width, height, depth, values })
  }, { arbitrary: { runs: 100 } })
})

describe("a mask", () => {
  const car = shape("segment", "car", [], { instance: "4" })
  const road = shape("segment", "road", [])
  const legend = [{ color: "#03F561", shape: car }, { color: "#ffffff", shape: shape("segment", "sky", []) }, {
    color: "#c4e538",
    shape: road
  }]
  const rgba = (...pixels: ReadonlyArray<ReadonlyArray<number>>) =>
    encode({ width: pixels.length, height: 1, channels: 4, data: Uint8Array.from(pixels.flat()), filters: [0] })
  const rgb = (...pixels: ReadonlyArray<ReadonlyArray<number>>) =>
    encode({ width: pixels.length, height: 1, channels: 3, data: Uint8Array.from(pixels.flat()), filters: [0] })
  const open = (png: Uint8Array, of = legend) => Legend.open(Effect.succeed(png), of)

  it.effect("has the segments that have pixels, in the order of the legend", () =>
    Effect.gen(function*() {
      const mask = yield* open(rgba([0xc4, 0xe5, 0x38, 255], [0, 0, 0, 0], [3, 0xf5, 0x61, 255], [3, 0xf5, 0x61, 128]))
      assert.deepStrictEqual(mask.entries, [car, road])
      assert.deepStrictEqual([...yield* mask.read], [2, 0, 1, 1])
      assert.isFalse(mask.hasStrays)
    }))

  it.effect("is unlabeled where alpha is 0, whatever the color, and opaque black is a color", () =>
    Effect.gen(function*() {
      const mask = yield* open(rgba([0xc4, 0xe5, 0x38, 0], [0, 0, 0, 255]))
      assert.deepStrictEqual(mask.entries, [])
      assert.isTrue(mask.hasStrays)
      assert.deepStrictEqual([...yield* mask.read], [0, 0])
    }))

  it.effect("without alpha is unlabeled where it is black, unless the legend has black", () =>
    Effect.gen(function*() {
      const png = rgb([0, 0, 0], [0xc4, 0xe5, 0x38])
      const mask = yield* open(png)
      assert.deepStrictEqual([...yield* mask.read], [0, 1])
      assert.isFalse(mask.hasStrays)
      const black = yield* open(png, [{ color: "#000000", shape: car }])
      assert.deepStrictEqual([...yield* black.read], [1, 0])
      assert.isTrue(black.hasStrays)
    }))

  it.effect("that cannot be read is an error of the content", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(open(new Uint8Array(9)))
      assert.strictEqual(error.reason, "content")
    }))

  it("counts pixels by value, and those of other colors", () => {
    const { pixels, strays } = Legend.decode(rgba([1, 1, 1, 255], [2, 2, 2, 255], [9, 9, 9, 255]), [
      "#010101",
      "#020202",
      "x"
    ])
    assert.deepStrictEqual([...pixels], [1, 1, 1, 0])
    assert.strictEqual(strays, 1)
  })

  it.effect("of the platform's documents is read", () =>
    Effect.gen(function*() {
      const png = readFileSync(new URL("fixtures/mask.png", import.meta.url))
      const { height, values, width } = Legend.decode(png, ["#03f561", "#c4e538"])
      assert.deepStrictEqual([width, height, values.length], [8, 4, 32])
    }))
})
