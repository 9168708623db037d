import { describe, it } from "@effect/vitest"
import { strictEqual } from "@effect/vitest/utils"
import { PlainText } from "../src/index.ts"

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
