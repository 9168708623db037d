import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { afterEach, vi } from "vitest"
import type * as ResultDocument from "../../src/ResultDocument.ts"
import { content, encode, pick, random, read, scanned, whole } from "./support.ts"

/** Segments that name files at every place of a block, between strings that look like structure. */
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

const bytes = segments(5000)

/** Chunks of a document as they come from a file, all at once, and cut within blocks. */
const cuts = [[64 * 1024], [bytes.length], [63, 64, 65, 500, 129]]

const filesOf = ({ open }: typeof ResultDocument, sizes: ReadonlyArray<number>) =>
  Effect.map(open(content(bytes, sizes), scanned), ({ attachments }) => attachments)

describe("a scan of a document", () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })

  it.effect("finds every file that strings full of brackets, quotes and backslashes stand around", () =>
    Effect.gen(function*() {
      const one = yield* read(bytes, whole)
      assert.isAbove(one.attachments.length, 1000)
      for (const sizes of cuts) assert.deepStrictEqual(yield* read(content(bytes, sizes), scanned), one)
    }))

  it.effect("finds the same where WebAssembly cannot be had", () =>
    Effect.gen(function*() {
      const { attachments } = yield* read(bytes, whole)
      vi.resetModules()
      vi.stubGlobal("WebAssembly", undefined)
      const alone = yield* Effect.promise(() => import("../../src/ResultDocument.ts"))
      for (const sizes of cuts) assert.deepStrictEqual(yield* filesOf(alone, sizes), attachments)
    }))
})
