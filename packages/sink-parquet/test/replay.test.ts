import { assert, describe, it } from "@effect/vitest"
import type { Content, JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ParquetSink } from "../src/index.ts"
import { content, jobs, record, sha256 } from "./support/records.ts"
import { run, temporary } from "./support/targets.ts"

/** What becomes of each job while the stream lasts that gives it. */
const replayed = <A, E>(directory: string, use: (job: JobSink.StoredJob) => Effect.Effect<A, E>) =>
  Stream.runCollect(Stream.mapEffect(ParquetSink.make({ directory }).replay ?? Stream.empty, use))

const idOf = (job: JobSink.StoredJob) => Effect.succeed(job.jobId)

/** Content read twice, as the engine and a sink do. */
const textOf = (content: Content.Content) =>
  Effect.gen(function*() {
    const streamed = Buffer.concat(yield* Stream.runCollect(content.stream)).toString("latin1")
    assert.strictEqual(Buffer.from(yield* content.collect).toString("latin1"), streamed)
    return [content.mediaType, content.size, content.sha256, streamed] as const
  })

/** A stored job with its contents read, as it can be compared. */
const plain = Effect.fnUntraced(function*({ attachments, document, ...rest }: JobSink.StoredJob) {
  return {
    ...rest,
    document: (yield* textOf(document)).slice(1),
    attachments: yield* Effect.forEach(
      attachments,
      ({ content, index }) => Effect.map(textOf(content), (text) => [index, ...text])
    )
  }
})

/** What a record is to come back as. */
const asStored = (
  { attachments, batchId, document, jobId, projectId, result, revision, sizes, summary }: JobSink.JobRecord
) =>
  plain({
    projectId,
    batchId,
    jobId,
    summary,
    result,
    document,
    attachments: attachments.map(({ content, ref }) => ({ index: ref.index, content })),
    sizes,
    revision
  })

describe("replay", () => {
  it.effect("gives every job back with what the platform said of it and the bytes that came", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const large = Buffer.alloc(2.5 * 1024 * 1024, "0123456789")
      const records = [
        record({ job: "a", text: "", nested: ["m0", "", large.toString()], frames: 4, tag: "t" }),
        record({ job: "b", document: content(large), nested: ["m1"] }),
        ...jobs(0, 20),
        record({ job: "a", batch: "batch 2/😀", rows: 0 })
      ]
      // Small parts and row groups, so that a job's bytes stand in several of them.
      yield* run({ directory, rowGroupRows: 4, partBytes: 6 * 1024 * 1024 }, [records.slice(0, 9), records.slice(9)])
      const key = ({ batchId, jobId }: { readonly batchId: string; readonly jobId: string }) => `${batchId}/${jobId}`
      const found = new Map((yield* replayed(directory, plain)).map((job) => [key(job), job]))
      assert.strictEqual(found.size, records.length)
      for (const source of records) assert.deepStrictEqual(found.get(key(source)), yield* asStored(source))
    }))

  it.effect("gives the latest revision of a reworked job, once", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory }, [jobs(0, 3), [record({ job: "job-00001", text: "reworked", nested: ["n"] })]])
      assert.deepStrictEqual(
        yield* replayed(directory, ({ document, jobId }) => Effect.map(textOf(document), (text) => [jobId, text[3]])),
        [["job-00000", "{\"data\":{\"job\":\"job-00000\"}}"], ["job-00001", "reworked"], [
          "job-00002",
          "{\"data\":{\"job\":\"job-00002\"}}"
        ]]
      )
    }))

  it.effect("leaves out jobs whose document or files are not kept, and finds nothing if there is no dataset", () =>
    Effect.gen(function*() {
      const directory = join(yield* temporary, "dataset")
      assert.deepStrictEqual(yield* replayed(directory, idOf), [])
      yield* run({ directory, keep: "none" }, [[record({ job: "no document" })]])
      yield* run({ directory, keep: "documents" }, [[record({ job: "no files", nested: ["m"] }), record({ job: "x" })]])
      yield* run({ directory }, [[record({ job: "whole", nested: ["m"] })]])
      assert.deepStrictEqual(yield* replayed(directory, idOf), ["x", "whole"])
    }))

  it.effect("never gives bytes that are not those that were committed", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const large = Buffer.alloc(3 * 1024 * 1024, "0123456789")
      yield* run({ directory, compression: "none" }, [[
        record({ job: "small", text: "SMALL TEXT" }),
        record({ job: "large", document: content(large) })
      ]])
      const file = join(directory, "contents", "batch-batch-1", "part-000001.parquet")
      const sound = readFileSync(file)
      const spoil = (text: string) => {
        const bytes = Buffer.from(sound)
        bytes[bytes.lastIndexOf(text)] = 0x21
        writeFileSync(file, bytes)
      }
      const read = ({ document }: JobSink.StoredJob) =>
        Effect.match(document.collect, { onFailure: ({ code }) => code, onSuccess: sha256 })
      spoil("0123456789")
      assert.deepStrictEqual(yield* replayed(directory, read), [sha256("SMALL TEXT"), "CHANGED"])
      spoil("SMALL TEXT")
      assert.strictEqual((yield* Effect.flip(replayed(directory, read))).reason, "corrupt")
    }))
})
