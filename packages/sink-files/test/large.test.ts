import { assert, describe, it } from "@effect/vitest"
import type { Content } from "@labelstream/core/sink"
import { type Fs, nodeFs, SortedLines } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { closeSync, linkSync, openSync, statSync, writeSync } from "node:fs"
import { join } from "node:path"
import { FilesSink } from "../src/index.ts"
import { content, record } from "./support/records.ts"
import { guarded, inspected, store, systemError, temporary, tree } from "./support/targets.ts"

const mebibyte = 1024 * 1024

const chunk = (index: number) => new Uint8Array(mebibyte).fill(index)

const hashOf = (chunks: number) => {
  const hash = createHash("sha256")
  for (let index = 0; index < chunks; index++) hash.update(chunk(index))
  return hash.digest("hex")
}

const streamed = (chunks: number): Content.Content => ({
  ...content(""),
  size: chunks * mebibyte,
  sha256: hashOf(chunks),
  bytes: undefined,
  stream: Stream.map(Stream.range(0, chunks - 1).pipe(Stream.rechunk(1)), chunk),
  collect: Effect.die("a large document is not collected")
})

const spooled = (folder: string, chunks: number): Content.Content => {
  const path = join(folder, "spooled")
  const fd = openSync(path, "wx", 0o600)
  for (let index = 0; index < chunks; index++) writeSync(fd, chunk(index))
  closeSync(fd)
  return { ...streamed(chunks), path, stream: Stream.die("a file is not streamed") }
}

describe("large content", () => {
  it.live("in a spool file is linked and not written once more", () =>
    Effect.gen(function*() {
      const [directory, spool] = [yield* temporary, yield* temporary]
      const document = spooled(spool, 8)
      const sink = yield* FilesSink.make({ directory }).open
      yield* store(sink, "t", [record({ job: "a", document }), record({ job: "b" })])
      const [a, b] = [statSync(join(directory, "batch-1/a.json")), statSync(join(directory, "batch-1/b.json"))]
      assert.strictEqual(a.ino, statSync(join(spool, "spooled")).ino)
      assert.strictEqual(a.mode, b.mode)
      assert.strictEqual((yield* inspected(directory))[0]?._tag, "Intact")
    }))

  it.effect("is copied if it cannot be linked, or if another output has linked it", () =>
    Effect.gen(function*() {
      for (const code of ["EXDEV", undefined]) {
        const [directory, spool] = [yield* temporary, yield* temporary]
        const document = spooled(spool, 1)
        if (code === undefined) linkSync(join(spool, "spooled"), join(spool, "other"))
        const fs = guarded(({ args, name }) => {
          if (name === "link" && args[0] === document.path && code !== undefined) throw systemError(code)
        })
        const sink = yield* FilesSink.makeWith({ directory }, fs).open
        yield* store(sink, "t", [record({ job: "a", document })])
        assert.notStrictEqual(statSync(join(directory, "batch-1/a.json")).ino, statSync(join(spool, "spooled")).ino)
        assert.strictEqual((yield* inspected(directory))[0]?._tag, "Intact")
      }
    }))

  it.live("leaves nothing when its staging is interrupted", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* FilesSink.make({ directory }).open
      const slow = {
        ...streamed(8),
        stream: Stream.mapEffect(streamed(8).stream, (bytes) => Effect.delay(Effect.succeed(bytes), 5))
      }
      const fiber = yield* Effect.forkChild(sink.stage("t", [record({ job: "a", document: slow })]))
      yield* Effect.sleep(20)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(tree(join(directory, ".labelstream", "staging")), {})
      assert.deepStrictEqual(yield* sink.commit("t"), [])
    }))

  it.effect.each([20_000, 1000, 50])(
    "numbers of lines are sorted in runs of %d, the last of each key kept",
    (run) =>
      Effect.gen(function*() {
        const folder = yield* temporary
        let open = 0
        let most = 0
        const fs: Fs = {
          ...nodeFs,
          open: (...args) => {
            most = Math.max(most, ++open)
            return nodeFs.open(...args)
          },
          close: (fd) => {
            open--
            return nodeFs.close(fd)
          }
        }
        const keys = Array.from({ length: 5000 }, (_, index) => String((index * 7919) % 1777).padStart(4, "0"))
        const source = async function*() {
          yield keys.map((key, index): SortedLines.Keyed => ({ key, line: `${key}\t${index}` }))
        }
        const sorted = yield* Stream.runCollect(
          Stream.fromAsyncIterable(SortedLines.sort(fs, source(), () => Promise.resolve(folder), run), String)
        )
        const expected = [...new Set(keys)].sort().map((key) => `${key}\t${keys.lastIndexOf(key)}`)
        assert.deepStrictEqual(sorted.flat().map(({ line }) => line), expected)
        assert.isAbove(most, 5)
        assert.isAtMost(most, 100)
        assert.strictEqual(open, 0)
      })
  )
})
