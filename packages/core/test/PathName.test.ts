import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { PathName } from "../src/index.ts"

const hostile = [
  "",
  ".",
  "..",
  "...",
  "../x",
  "/etc/passwd",
  "a/b",
  "a\\b",
  "C:\\x",
  "c:",
  "\0",
  "a\0b",
  "CON",
  "con",
  "nul.json",
  "com1",
  "lpt9.txt",
  "aux.",
  "a.",
  "a ",
  " a",
  ".hidden",
  "-rf",
  "Job-A",
  "job-a",
  "JOB-A",
  "a.json",
  "a.json.json",
  "A.JSON",
  "manifest.ndjson",
  ".labelstream",
  "e\u0301",
  "\u00e9",
  "\ud800",
  "\udbff",
  "\ufffd",
  "😀",
  "ß",
  "ss",
  "\u212a",
  "k",
  "K",
  "~",
  "a~b",
  "%41",
  "%",
  "a%2fb",
  "x".repeat(300),
  `${"x".repeat(300)}y`,
  "X".repeat(300),
  "x".repeat(120),
  "x".repeat(121),
  "a:b",
  "a*b",
  "a?b",
  "a_b",
  "\u202e",
  "a\nb",
  "__proto__",
  "constructor"
]

const isSegment = (name: string) =>
  /^[A-Za-z0-9_~.-]+$/.test(name) && !name.startsWith(".") && !name.startsWith("-") && !name.endsWith(".") &&
  Buffer.byteLength(name) <= PathName.maxLength

describe("PathName", () => {
  it("leaves ordinary ids as they are", () => {
    for (
      const id of ["1", "job-1", "5a375fc2-fb4f-4d4b-808f-241ed881b74f", "5f3e1_a.b", "_x", "2026-11-23", "constructor"]
    ) assert.strictEqual(PathName.fromId(id), id)
  })

  it("makes one harmless path segment of any hostile id", () => {
    for (const id of hostile) assert.isTrue(isSegment(PathName.fromId(id)), JSON.stringify(PathName.fromId(id)))
  })

  it("never gives two hostile ids names that differ only in case", () => {
    const names = new Map<string, string>()
    for (
      const id of [
        ...hostile,
        ...hostile.map(PathName.fromId),
        ...hostile.map((id) => PathName.fromId(id).toLowerCase())
      ]
    ) {
      const name = PathName.fromId(id).toLowerCase()
      assert.strictEqual(names.get(name) ?? id, id, name)
      names.set(name, id)
    }
  })

  it("gives a job's folder no name that a document or the manifest has", () => {
    for (const id of hostile) assert.notMatch(PathName.fromId(id), /\.json$|^manifest\.ndjson$/i)
  })

  it("keeps the beginning of an id readable", () => {
    assert.match(PathName.fromId("Scan/007 left"), /^Scan_007_left~[0-9a-f]{32}$/)
  })

  it.prop("makes one harmless segment of any text", [Schema.String], ([id]) => isSegment(PathName.fromId(id)), {
    arbitrary: { runs: 500 }
  })

  it.prop(
    "never gives two ids names that differ only in case",
    [Schema.String, Schema.String],
    ([a, b]) => a === b || PathName.fromId(a).toLowerCase() !== PathName.fromId(b).toLowerCase(),
    { arbitrary: { runs: 500 } }
  )

  it.prop("gives an id and its name different names unless it is ordinary", [Schema.String], ([id]) => {
    const name = PathName.fromId(id)
    return name === id || PathName.fromId(name) !== name
  }, { arbitrary: { runs: 500 } })
})
