import { assert, describe, it } from "@effect/vitest"
import { attributesText } from "../../src/internal/document/attributes.ts"
import { digits, escapePointer, quote, stringify } from "../../src/internal/document/json.ts"
import { Extent, listedPoints, namedPoints, naturalOrder } from "../../src/internal/document/points.ts"

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
      assert.isUndefined(listedPoints([{ x: 0, y: 0 }, point], extent))
      assert.isUndefined(namedPoints({ p1: { x: 0, y: 0 }, p2: point }, undefined, extent))
    }
    assert.isUndefined(listedPoints([], extent))
    assert.isUndefined(namedPoints({}, undefined, extent))
  })

  it("keeps every bit of a coordinate", () => {
    for (const value of [0.1, -0, 5e-324, 1.7976931348623157e308, 1 / 3, 1e21, -1e-7]) {
      assert.isTrue(Object.is(JSON.parse(digits(value)), value))
      const text = listedPoints([{ x: value, y: 0 }, [0, value]], new Extent())
      assert.deepStrictEqual(JSON.parse(text ?? ""), [[value, 0], [0, value]])
    }
  })
})

describe("json", () => {
  it("quotes as JSON.stringify does", () => {
    for (const value of ["", "a", "\"", "\\", "\n", "\u007f", "\u2028", "ü", "\ud800", "\u{1f600}", "x".repeat(100)]) {
      assert.strictEqual(quote(value), JSON.stringify(value))
    }
  })

  it("writes what is too deep for JSON.stringify", () => {
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
