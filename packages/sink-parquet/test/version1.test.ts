/** Datasets of version 1, as an earlier version of this software wrote them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { cpSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { ParquetSink } from "../src/index.ts"
import { sha256 } from "./support/records.ts"
import { inspected, temporary, tree } from "./support/targets.ts"

const fixture = join(import.meta.dirname, "fixtures", "v1")

const copied = (name: string) =>
  Effect.map(temporary, (folder) => {
    const directory = join(folder, name)
    cpSync(fixture, directory, { recursive: true })
    return directory
  })

/** The lines of the jobs in the manifest. */
const lines = readdirSync(join(fixture, "manifest")).flatMap((folder) =>
  readFileSync(join(fixture, "manifest", folder, "part-000001.ndjson"), "utf8").trimEnd().split("\n").slice(1, -1)
    .map((line) => JSON.parse(line) as { job: string; revision: { document: string; attachments: string } })
)

describe("a dataset of version 1", () => {
  it.effect("is counted, inspected, and replayed with the documents, files, and revisions of all jobs", () =>
    Effect.gen(function*() {
      const directory = yield* copied("dataset")
      const before = tree(directory)
      const sink = ParquetSink.make({ directory })
      assert.strictEqual(yield* sink.count!, 20)
      const revisions = lines.map(({ job, revision }) => [job, revision.document, revision.attachments])
      assert.deepStrictEqual(
        (yield* inspected(directory)).map((found) =>
          found._tag === "Intact"
            ? [found.receipt.jobId, found.receipt.revision.document, found.receipt.revision.attachments]
            : found
        ),
        revisions
      )
      let files = 0
      const found = yield* Stream.runCollect(Stream.mapEffect(
        sink.replay ?? Stream.empty,
        Effect.fnUntraced(function*({ attachments, document, jobId, sizes }) {
          assert.strictEqual(sizes.size, 0)
          const nested = yield* Effect.forEach(attachments, ({ content }) => Effect.map(content.collect, sha256))
          files += nested.length
          const all = nested.map((hash) => `${hash}\n`).join("")
          return [jobId, sha256(yield* document.collect), all === "" ? "" : sha256(all)]
        })
      ))
      assert.deepStrictEqual(found, revisions)
      assert.isAbove(files, 10)
      assert.deepStrictEqual(tree(directory), before)
    }))

  it.effect("is not written to: check, open, and a writer's branch name the command that converts it", () =>
    Effect.gen(function*() {
      for (
        const [name, command] of [
          ["dataset", (path: string) => `--from parquet:${path} --to parquet:${path}-v2`],
          ["my dataset", (path: string) => `--from 'parquet:${path}' --to 'parquet:${path}-v2'`]
        ] as const
      ) {
        const directory = yield* copied(name)
        const sink = ParquetSink.make({ directory })
        for (const step of [sink.check, sink.open, sink.branches!.open("runner-1"), sink.branches!.merge]) {
          const error = yield* Effect.flip(Effect.scoped(Effect.asVoid(step)))
          assert.strictEqual(error.reason, "conflict")
          assert.isTrue(error.detail.endsWith(`labelstream convert ${command(directory)}`), error.detail)
        }
        assert.strictEqual((yield* inspected(directory)).length, 20)
      }
    }))
})
