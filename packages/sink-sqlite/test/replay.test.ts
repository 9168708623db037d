import { assert, describe, it } from "@effect/vitest"
import type { Content, JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { SqliteSink } from "../src/index.ts"
import { content, record, sha256, streamed } from "./support/records.ts"
import { query, run, store, temporaryFile, using } from "./support/targets.ts"

/** What becomes of each job while the stream lasts that gives it. */
const replayed = <A, E>(file: string, use: (job: JobSink.StoredJob) => Effect.Effect<A, E>) =>
  Stream.runCollect(Stream.mapEffect(SqliteSink.make({ file }).replay ?? Stream.empty, use))

const idOf = (job: JobSink.StoredJob) => Effect.succeed(job.jobId)

const textOf = (content: Content.Content) =>
  Effect.map(content.collect, (bytes) => Buffer.from(bytes).toString("latin1"))

/** A stored job with its contents read, as it can be compared. */
const plain = Effect.fnUntraced(function*(job: JobSink.StoredJob) {
  const { attachments, document, ...rest } = job
  return {
    ...rest,
    document: [document.size, document.sha256, yield* textOf(document)],
    attachments: yield* Effect.forEach(
      attachments,
      ({ content, index }) =>
        Effect.map(textOf(content), (text) => [index, content.mediaType, content.size, content.sha256, text] as const)
    )
  }
})

describe("replay", () => {
  it.effect("gives every job back with what the platform said of it and the bytes that came", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const large = Buffer.alloc(9_000_001, "0123456789")
      const records = [
        record({ job: "a", text: "", nested: ["m0", content(new Uint8Array(), null)] }),
        record({ job: "b\ud800", batch: "batch-2", project: "other", document: streamed([large]) }),
        record({ job: "c", summary: { referenceId: null, tag: "t", priorityWeight: 3, annotations: 7, frames: null } })
      ]
      yield* run({ file }, [records])
      const found = yield* replayed(file, plain)
      const asked = (job: string) => found.find(({ jobId }) => jobId === job)
      assert.deepStrictEqual(found.map(({ jobId }) => jobId).sort(), ["a", "b\ud800", "c"])
      for (const { batchId, document, jobId, projectId, revision } of records) {
        assert.deepInclude(asked(jobId), { batchId, projectId, revision })
        const bytes = document.bytes ?? large
        assert.deepStrictEqual(asked(jobId)?.document, [
          bytes.length,
          document.sha256,
          Buffer.from(bytes).toString("latin1")
        ])
      }
      assert.deepStrictEqual(asked("a")?.attachments, [
        [0, "image/png", 2, sha256("m0"), "m0"],
        [1, null, 0, sha256(""), ""]
      ])
      assert.deepStrictEqual(asked("a")?.summary, records[0]!.summary)
      assert.deepStrictEqual(asked("a")?.result, records[0]!.result)
      assert.deepInclude(asked("c")?.summary, { tag: "t", priorityWeight: 3, annotations: 7, frames: null })
    }))

  it.effect("leaves out jobs whose document or files are not kept, and finds nothing if there is no file", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      assert.deepStrictEqual(yield* replayed(file, idOf), [])
      yield* run({ file, documents: "off" }, [[record({ job: "no document" })]])
      yield* run({ file, attachments: "off" }, [[record({ job: "no files", nested: ["m"] }), record({ job: "whole" })]])
      assert.deepStrictEqual(yield* replayed(file, idOf), ["whole"])
    }))

  it.effect("fails if stored bytes are not those that were committed, for that content alone", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* run({ file, documents: "plain" }, [["a", "b", "c", "d"].map((job) => record({ job }))])
      using(file, (db) => db.exec("UPDATE documents SET bytes = x'00' WHERE job_id = 'a'"))
      using(file, (db) => db.exec("DELETE FROM documents WHERE job_id = 'b'"))
      using(file, (db) => db.exec("UPDATE documents SET codec = 'zstd' WHERE job_id = 'c'"))
      const results = yield* replayed(
        file,
        ({ document }) => Effect.match(document.collect, { onFailure: ({ code }) => code, onSuccess: () => "read" })
      )
      assert.deepStrictEqual(results, ["CHANGED", "CHANGED", "CHANGED", "read"])
    }))

  it.effect("goes through hundreds of jobs while a run continues in the same file", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const sink = yield* SqliteSink.make({ file }).open
      yield* store(sink, "t", Array.from({ length: 450 }, (_, index) => record({ job: `job-${index}` })))
      yield* sink.stage("u", [record({ job: "staged" })])
      const read = yield* replayed(file, ({ document }) => document.collect)
      assert.strictEqual(read.length, 450)
      assert.deepStrictEqual(query(file, "SELECT count(*) FROM jobs"), [[450]])
    }))
})
