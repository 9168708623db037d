import { assert, describe, it } from "@effect/vitest"
import { digits, escapePointer, quote, stringify } from "../../src/internal/document/json.ts"
import { attributesText } from "../../src/internal/document/rows/attributes.ts"
import { decimalText } from "../../src/internal/document/rows/decimals.ts"
import { Extent, naturalOrder, pointsOf, pointsText } from "../../src/internal/document/rows/points.ts"
import { random } from "./support.ts"

describe("points", () => {
  it("sorts names as people count", () => {
    const names = ["p10", "p2", "p1", "q", "p02", "p", "10", "9", "p1a", "p1b2", "p1b10"]
    assert.deepStrictEqual(names.sort(naturalOrder), [
      "9",
      "10",
      "p",
      "p1",
      "p1a",
      "p1b2",
      "p1b10",
      "p02",
      "p2",
      "p10",
      "q"
    ])
  })

  it("refuses points that are not two finite numbers", () => {
    const extent = new Extent()
    for (const point of [null, 1, {}, { x: 1 }, { x: "1", y: 1 }, { x: Infinity, y: 1 }, [1]]) {
      assert.isFalse(extent.read([{ x: 0, y: 0 }, point]))
    }
    assert.isFalse(extent.read([]))
  })

  it("finds points in every form, by their names where these say the order", () => {
    const [a, b, c] = [{ x: 1, y: 1 }, [2, 2], null]
    assert.deepStrictEqual(pointsOf({ coordinates: [a, b], points: [c] }, false), [a, b])
    assert.deepStrictEqual(pointsOf({ points: [a, c] }, false), [a, c])
    assert.deepStrictEqual(pointsOf({ points: { p1: a, p2: b, p10: c } }, false), [a, b, c])
    assert.deepStrictEqual(pointsOf({ points: { p10: c, p2: b, p1: a } }, false), [a, b, c])
    const edges = { e1: ["p1", "p10"], e2: ["p10", "p2"], e3: ["p2", "p1"] }
    assert.deepStrictEqual(pointsOf({ points: { p1: a, p2: b, p10: c }, edges }, true), [a, c, b])
    assert.deepStrictEqual(pointsOf({ points: { p1: a, p2: b, p10: c }, edges }, false), [a, b, c])
    assert.isUndefined(pointsOf({ points: "p1" }, false))
  })

  it("keeps every bit of a coordinate", () => {
    for (const value of [0.1, -0, 0, 1, 5e-324, 1.7976931348623157e308, 1 / 3, 1e21, -1e-7, 1e-6, 0.999999, -0.5]) {
      assert.isTrue(Object.is(JSON.parse(digits(value)), value))
      const text = pointsText([{ x: value, y: 0 }, [0.25, value]])
      assert.deepStrictEqual(JSON.parse(text), [[value, 0], [0.25, value]])
    }
  })

  it("writes points as JSON.stringify does, however many there are", () => {
    const next = random(3)
    for (const count of [1, 2, 31, 32, 33, 1000]) {
      const points = Array.from({ length: count }, () => [Math.round(next() * 1e5) / 1e5, Math.round(next() * 10) / 10])
      assert.strictEqual(pointsText(points), JSON.stringify(points))
    }
  })
})

describe("decimals", () => {
  it("has the digits of every millionth from 0 to 1", () => {
    for (let n = 0; n <= 1e6; n++) {
      if (decimalText(n / 1e6) !== String(n / 1e6)) assert.fail(`wrong digits of ${n / 1e6}`)
    }
  })

  it("leaves all other numbers alone", () => {
    const others = [-0, -1e-6, -0.5, 1 + Number.EPSILON, 1.000001, 2, 5e-7, 1e-7, 0.1 + 0.2, 0.0000015, NaN, Infinity]
    for (const value of [...others, 0.3 - Number.EPSILON, 123456.5, 1e300]) assert.isUndefined(decimalText(value))
  })
})

describe("json", () => {
  it("quotes as JSON.stringify does", () => {
    for (const value of ["", "a", "\"", "\\", "\n", "\u007f", "\u2028", "ü", "\ud800", "\u{1f600}", "x".repeat(100)]) {
      assert.strictEqual(quote(value), JSON.stringify(value))
    }
  })

  it("writes values that are too deep for JSON.stringify", () => {
    const text = `${"{\"a\":[1,\"b\",".repeat(20_000)}null${"],\"c\":{}}".repeat(20_000)}`
    assert.strictEqual(stringify(JSON.parse(text)), text)
  })

  it("escapes pointers by RFC 6901", () => {
    assert.strictEqual(escapePointer("a/b~c"), "a~1b~0c")
  })
})

describe("attributes", () => {
  it.each([
    [undefined, "{}"],
    [null, "{}"],
    [[], "{}"],
    [{}, "{}"],
    [{ a: { value: "x", state: "editable" } }, "{\"a\":\"x\"}"],
    [{ a: { value: ["x", "y"] }, b: { value: null } }, "{\"a\":[\"x\",\"y\"],\"b\":null}"],
    [{ a: "x", b: { other: 1 }, c: 2 }, "{\"a\":\"x\",\"b\":{\"other\":1},\"c\":2}"],
    [[{ name: "a", value: "x" }, 3], "{\"a\":\"x\",\"1\":3}"],
    [3, undefined],
    ["x", undefined]
  ])("flattens %j", (attributes, text) => {
    assert.strictEqual(attributesText(attributes), text)
  })

  it("keeps attributes of every name", () => {
    assert.strictEqual(attributesText(JSON.parse("{\"__proto__\":{\"value\":1}}")), "{\"__proto__\":1}")
  })
})
