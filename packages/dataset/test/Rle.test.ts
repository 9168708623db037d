import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { scale } from "../../../scripts/testScale.ts"
import { Rle } from "../src/index.ts"

const side = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))

/** A label map of blobs and noise: values up to 4, the same for the same seed. */
const labelMap = Schema.Struct({
  width: side,
  height: side,
  seed: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 2 })),
  keep: Schema.Literals([0, 0.5, 0.9, 1])
})

const valuesOf = ({ height, keep, seed, width }: typeof labelMap.Type): Uint16Array => {
  let state = seed
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647
  let value = Math.floor(next() * 5)
  return Uint16Array.from({ length: width * height }, () => value = next() < keep ? value : Math.floor(next() * 5))
}

/** Pixels of a value, with their extent, one by one. */
const measure = (values: Uint16Array, width: number, value: number) => {
  const at = [...values.keys()].filter((index) => values[index] === value)
  const [xs, ys] = [at.map((index) => index % width), at.map((index) => Math.floor(index / width))]
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  return {
    area: at.length,
    box: at.length === 0 ? [0, 0, 0, 0] : [x, y, Math.max(...xs) - x + 1, Math.max(...ys) - y + 1]
  }
}

describe("Rle", () => {
  it.prop(
    `gives back every mask, its area, and its box, in both forms, over ${scale("500", "10,000")} label maps`,
    [labelMap],
    ([map]) => {
      const { height, width } = map
      const values = valuesOf(map)
      const runs = Rle.encodeAll(values, width, height, 4)
      assert.strictEqual(runs[0], undefined)
      for (const value of [1, 2, 3, 4]) {
        const counts = runs[value]
        const expected = measure(values, width, value)
        assert.strictEqual(counts === undefined, expected.area === 0)
        if (counts === undefined) continue
        assert.deepStrictEqual([...Rle.decode(counts, width, height)], Array.from(values, (v) => v === value ? 1 : 0))
        assert.strictEqual(counts.reduce((sum, count) => sum + count, 0), width * height)
        assert.isTrue(counts.every((count, index) => count > 0 || index === 0))
        assert.strictEqual(Rle.area(counts), expected.area)
        assert.deepStrictEqual([...Rle.box(counts, height)], expected.box)
        assert.deepStrictEqual(Rle.fromText(Rle.toText(counts)), counts)
        assert.match(Rle.toText(counts), /^[0-o]+$/)
      }
    },
    { arbitrary: { runs: scale(500, 10_000) } }
  )

  it("counts column by column, zeros first", () => {
    assert.deepStrictEqual(Rle.encodeAll([1, 0, 0, 1, 1, 0], 3, 2, 1), [undefined, [0, 2, 1, 1, 2]])
  })

  it("compresses as the specification says", () => {
    assert.strictEqual(Rle.toText([0, 4]), "04")
    assert.strictEqual(Rle.toText([16]), "`0")
    assert.strictEqual(Rle.toText([10, 20, 5, 2]), ":d05^O")
    assert.deepStrictEqual(Rle.fromText(":d05^O"), [10, 20, 5, 2])
  })

  it.prop(
    "reads any text without an end that never comes",
    [Schema.String],
    ([text]) => Rle.fromText(text).length <= text.length
  )

  it("ignores values above those asked for", () => {
    assert.deepStrictEqual(Rle.encodeAll([1, 9, 2], 3, 1, 2), [undefined, [0, 1, 2], [2, 1]])
  })
})
