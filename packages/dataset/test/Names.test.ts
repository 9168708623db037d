import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Names } from "../src/index.ts"
import { image } from "../src/testing/corpus.ts"

const asked = (referenceId: string, jobId = "job") => ({
  ...image("x"),
  url: null,
  job: { batchId: "b", jobId, referenceId }
})

const isSafe = (name: string) =>
  /^[^\p{Cc}"*/:<>?\\|]+$/u.test(name) && !/^[.\s]|[.\s]$/.test(name) && name.isWellFormed() &&
  Buffer.byteLength(name) <= Names.maxBytes && !/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name)

describe("a name", () => {
  it.prop("is safe, whatever is asked for", [Schema.String], ([text]) => isSafe(Names.safe(text)), {
    arbitrary: { runs: 500 }
  })

  it("is safe, of what file systems refuse", () => {
    const hostile = [
      "",
      ".",
      "..",
      "../a",
      "/",
      "a/b",
      "con",
      "NUL.txt",
      "a.",
      "a ",
      " a",
      "\u0000",
      "x".repeat(999),
      "\ud800"
    ]
    for (const text of hostile) assert.isTrue(isSafe(Names.safe(text)), JSON.stringify(Names.safe(text)))
  })

  it("is the last segment of the URL, decoded and without the ending of an image", () => {
    const stem = (url: string) => Names.stemOf({ ...image("x"), url }, "url")
    assert.strictEqual(stem("https://x.example/a/b%20c.JPG"), "b c")
    assert.strictEqual(stem("https://x.example/a/b.c.png?sig=1#x"), "b.c")
    assert.strictEqual(stem("https://x.example/fff.jpg&text=Dummy+Image+1"), "fff.jpg&text=Dummy+Image+1")
    assert.strictEqual(stem("https://x.example/%E0%A4%A"), "%E0%A4%A")
    assert.strictEqual(stem("https://x.example/%2e%2e%2fpasswd.png"), "__passwd")
  })

  it("is the reference id or the job id, with the frame behind it, if that is asked for or there is no URL", () => {
    const frame = { id: "f", index: 12 }
    assert.strictEqual(Names.stemOf({ ...asked("ref"), frame }, "url"), "ref-000012")
    assert.strictEqual(Names.stemOf(asked("ref", "job-1"), "job"), "job-1")
    assert.strictEqual(Names.stemOf(asked("", "job-1"), "reference"), "job-1")
  })

  it.prop("is given once, without regard to case and Unicode form", [Schema.Array(Schema.String)], ([texts]) => {
    const naming = Names.make()
    const all = [
      ...texts,
      ...texts.map((text) => text.toUpperCase()),
      ...texts.map((text) => text.toWellFormed().normalize("NFD"))
    ]
    const names = all.map((text, index) => naming.give(asked(text, `job-${index}`), "reference"))
    assert.isTrue(names.every(isSafe))
    assert.strictEqual(new Set(names.map((name) => name.normalize("NFC").toLowerCase())).size, names.length)
  }, { arbitrary: { runs: 100 } })

  it("has 8 hex digits behind it if it is taken, which do not depend on what took it", () => {
    const naming = Names.make()
    naming.take("A")
    const name = naming.give(asked("a", "job-2"), "reference")
    assert.match(name, /^a-[0-9a-f]{8}$/)
    const other = Names.make()
    other.give(asked("a", "job-1"), "reference")
    assert.strictEqual(other.give(asked("a", "job-2"), "reference"), name)
  })

  it("is given to a job that comes twice with the same frame, too", () => {
    const naming = Names.make()
    const names = Array.from({ length: 20 }, () => naming.give(asked("a"), "reference"))
    assert.strictEqual(new Set(names).size, 20)
  })

  it("is found among 20,000 others", () => {
    const naming = Names.make()
    const names = Array.from({ length: 20_000 }, (_, index) => naming.give(asked(`frame_${index}`), "reference"))
    assert.deepStrictEqual(names.filter((name, index) => name !== `frame_${index}`), [])
    assert.notStrictEqual(naming.give(asked("frame_17777"), "reference"), "frame_17777")
  })

  it("stays free in what was copied before", () => {
    const naming = Names.make()
    const copy = naming.copy()
    naming.take("a")
    assert.strictEqual(copy.give(asked("a"), "reference"), "a")
  })
})

describe("an ending", () => {
  it("comes from the URL if it is an image's, else from the bytes, else it is .jpg", () => {
    const of = (url: string | null, ending: string | null = null) => Names.endingOf({ kind: "image", url, ending })
    assert.strictEqual(of("https://x.example/a.PNG", ".jpg"), ".png")
    assert.strictEqual(of("https://x.example/a.php", ".webp"), ".webp")
    assert.strictEqual(of("https://x.example/a.php"), ".jpg")
    assert.strictEqual(of(null), ".jpg")
    assert.strictEqual(Names.endingOf({ kind: "point_cloud", url: "https://x.example/a.jpg", ending: null }), ".pcd")
  })

  it("is read off the first bytes", () => {
    const of = (text: string) => Names.endingOfBytes(Buffer.from(text, "latin1"))
    assert.strictEqual(of("\u00ff\u00d8\u00ff\u00e0"), ".jpg")
    assert.strictEqual(of("\u0089PNG\r\n\u001a\n...."), ".png")
    assert.strictEqual(of("RIFF1234WEBPVP8 "), ".webp")
    assert.strictEqual(of("plain text"), null)
    assert.strictEqual(of(""), null)
  })
})
