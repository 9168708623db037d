import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ExactNumber, parseJson } from "../../../src/internal/document/exactJson.ts"

const rounded = [
  "9007199254740993",
  "-9007199254740993",
  "1000000000000000000000",
  "123456789012345678901234567890",
  "0.1234567890123456789",
  "12.3456789012345678901",
  "0.000000012345678901234567891",
  "1234567890123456789e-5",
  "1.234567890123456789E+5",
  "1e400",
  "-1E+400",
  "1e-400",
  "2.5e-310",
  `0.${"0".repeat(400)}1`,
  "9".repeat(400)
]

const own = [
  "0",
  "-0",
  "1.0",
  "1e3",
  "9007199254740992",
  "9007199254740994",
  "1234567890123456",
  "0.30000000000000001",
  "12.345678901234567",
  "448262.12345678900",
  "0.50000000000000000000",
  "1.2345678901234567e-7",
  "1e+300",
  "0e-400",
  "5e-324",
  `0.${"0".repeat(400)}`
]

/** Anything, with the numbers of that text among it. */
const around = (number: string) => [
  number,
  ` \t${number}\n`,
  `[1,${number}]`,
  `{"a": ${number}, "b" :${number}}`,
  `{"__proto__":${number},"constructor":[{"a":${number}}],"2":1,"1":"\\"","a":1,"a":{}}`,
  `[{"a":"${number}","b":"x: ${number}"},"\\\\",${number}]`
]

/** The same value with the nearest doubles, as `JSON.parse` gives it. */
const nearest = (value: unknown): unknown => {
  if (value instanceof ExactNumber) return value.nearest
  if (Array.isArray(value)) return value.map(nearest)
  if (typeof value !== "object" || value === null) return value
  return Object.defineProperties(
    {},
    Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, { enumerable: true, value: nearest(inner) }])
    )
  )
}

describe("JSON", () => {
  it.each(rounded)("keeps the digits of %s", (number) => {
    for (const text of around(number)) {
      const value = parseJson(text)
      assert.deepStrictEqual(nearest(value), nearest(JSON.parse(text)), text)
      assert.deepStrictEqual(parseJson(JSON.stringify(value)), value)
    }
    assert.strictEqual(JSON.stringify(parseJson(`{"a":[${number}]}`)), `{"a":[${number}]}`)
  })

  it.each(own)("takes %s for the number that JSON.parse gives, next to a number that it rounds as well", (number) => {
    for (const text of around(number)) {
      assert.deepStrictEqual(parseJson(text), JSON.parse(text))
      assert.deepStrictEqual(parseJson(`[${text},9007199254740993]`), [
        JSON.parse(text) as unknown,
        new ExactNumber("9007199254740993")
      ])
    }
  })

  it.prop("equals the result of JSON.parse, except for rounded numbers", [Schema.Json], ([value]) => {
    for (const space of [0, 2]) {
      const text = JSON.stringify([9e99, value], null, space).replace("9e+99", "9007199254740993")
      const [exact, other] = parseJson(text) as [unknown, unknown]
      assert.deepStrictEqual(exact, new ExactNumber("9007199254740993"))
      assert.deepStrictEqual(other, JSON.parse(JSON.stringify(value)))
      assert.deepStrictEqual(Object.keys(Object(other)), Object.keys(Object(JSON.parse(JSON.stringify(value)))))
    }
  }, { arbitrary: { runs: 500 } })

  it("is read at any depth, and refused as JSON.parse refuses it", () => {
    const depth = 200_000
    let value = parseJson(`${"[".repeat(depth)}9007199254740993${"]".repeat(depth)}`)
    while (Array.isArray(value)) value = value[0]
    assert.deepStrictEqual(value, new ExactNumber("9007199254740993"))
    for (const text of ["[9007199254740993,]", "{9007199254740993:1}", "09007199254740993", "9007199254740993.", ""]) {
      assert.throws(() => parseJson(text), SyntaxError)
    }
  })

  it("is checked in linear time, whatever strings it has", () => {
    for (const part of ["1", "1e100", "e", "1.", "123456789-", "0.0"]) {
      const text = JSON.stringify(part.repeat(1_000_000 / part.length))
      assert.strictEqual(parseJson(text), JSON.parse(text))
    }
  })
})
