import { assert, describe, it } from "@effect/vitest"
import { strictEqual } from "@effect/vitest/utils"
import * as PlainText from "../src/PlainText.ts"

describe("text from elsewhere", () => {
  it("shows as codes what would steer a terminal, turn a line around, or not be seen", () => {
    strictEqual(
      PlainText.plain("\u001b[2J\u0007\r\u009b\u202eevil\u200b\ufeff"),
      "\\u001b[2J\\u0007\\u000d\\u009b\\u202eevil\\u200b\\ufeff"
    )
    strictEqual(PlainText.plain("\ud800 alone"), "\\ud800 alone")
  })

  it("keeps whatever can be read, in any script", () => {
    for (const text of ["plain", "日本語", "👨‍👩‍👧‍👦 🏳️‍🌈", "e\u0301", "עברית"]) strictEqual(PlainText.plain(text), text)
  })

  it("keeps lines and tabs, unless it is to be one line", () => {
    strictEqual(PlainText.plain("a\tb\nc"), "a\tb\nc")
    strictEqual(PlainText.onOneLine("a\tb\nc"), "a\\u0009b\\u000ac")
  })
})

describe("a message", () => {
  const long = `https://host.example/${"a".repeat(5000)}/b.png`

  it("has at most 2 kB, and keeps its beginning and its end", () => {
    for (const sign of ["x", "\u00e9", "\u6f22", "\u{1f4a5}"]) {
      const text = PlainText.message(`first ${sign.repeat(9000)} last`)
      assert.isAtMost(Buffer.byteLength(text), 2048)
      assert.isAbove(Buffer.byteLength(text), 1900)
      assert.isTrue(text.startsWith("first ") && text.endsWith(" last") && text.isWellFormed())
    }
  })

  it("has no URL over 200 characters, and keeps the text after one", () => {
    for (const url of [long, `data:image/png;base64,${"A".repeat(300_000)}`, `s3://bucket/${"m".repeat(9000)}.png`]) {
      const text = PlainText.message(`attachment ${url} of job j: missing`)
      assert.isAtMost(Math.max(...text.split(" ").map((word) => word.length)), 200)
      assert.isTrue(text.endsWith(" of job j: missing"))
    }
  })

  it("stays unchanged if it is short, whatever it holds", () => {
    const text = `no file at https://host.example/a b\n${"word ".repeat(300)}`
    assert.strictEqual(PlainText.message(text), text)
  })

  it("is made in no time of text that is nearly a URL all along", () => {
    const from = process.cpuUsage()
    for (const text of ["a-".repeat(500_000), "a:/".repeat(300_000), "data:".repeat(200_000)]) PlainText.message(text)
    assert.isBelow(process.cpuUsage(from).user / 1000, 5000)
  })
})
