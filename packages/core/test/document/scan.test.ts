import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { content, encode, pick, random, read, scanned, whole } from "./support.ts"

/** Segments that name files between strings that look like structure. */
const segments = (count: number) => {
  const next = random(7)
  const word = () =>
    pick(next, ["", "a]}", "{[", "\"", "\\", "\\\"}", "curl", "ü", "x".repeat(Math.floor(next() * 200))])
  const segment = (index: number) => ({
    track_id: word(),
    frame_id: `f${index}`,
    label: word() + word(),
    nested: [word(), { list: [[index], word()] }],
    ...index % 3 === 0 ? { [pick(next, ["url", "mask_url"])]: `https://host/${index}` } : {},
    after: word()
  })
  return encode({
    data: { annotation_data: { masks: {}, annotations: Array.from({ length: count }, (_, index) => segment(index)) } }
  })
}

const bytes = segments(3200)

/** Chunks of a document as they come from a file, all at once, and in small pieces. */
const cuts = [[64 * 1024], [bytes.length], [63, 64, 65, 500, 129]]

describe("a scan of a document", () => {
  it.effect("finds every file among strings full of brackets, quotes, and backslashes", () =>
    Effect.gen(function*() {
      const one = yield* read(bytes, whole)
      assert.isAbove(one.attachments.length, 1000)
      for (const sizes of cuts) assert.deepStrictEqual(yield* read(content(bytes, sizes), scanned), one)
    }))
})
