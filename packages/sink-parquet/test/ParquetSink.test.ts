import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { ParquetSink, PartManifest } from "../src/index.ts"
import { query, rowsOf } from "./support/readers.ts"
import { content, jobs, record, sha256 } from "./support/records.ts"
import { inspected, run, store, temporary, tree } from "./support/targets.ts"

const a = record({ job: "a", text: "{\"a\": 1 }\n", nested: ["m0", "m1"], rows: 2 })
const b = record({ job: "b", rows: 0 })

/** Small parts and row groups, so that a test meets many. */
const tiny = { rowGroupRows: 7, partBytes: 4000 } as const

describe("ParquetSink", () => {
  it.effect("leaves nothing behind when it is opened and closed without data", () =>
    Effect.gen(function*() {
      const directory = join(yield* temporary, "new", "dataset")
      yield* Effect.scoped(ParquetSink.make({ directory }).open)
      assert.deepStrictEqual(readdirSync(directory), [])
    }))

  it.effect("shows nothing staged or aborted, and everything committed", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* ParquetSink.make({ directory }).open
      yield* sink.stage("t", [a, b])
      assert.deepStrictEqual(tree(directory), {})
      yield* sink.abort("t")
      yield* sink.abort("t")
      assert.deepStrictEqual(yield* sink.commit("t"), [])
      assert.deepStrictEqual(tree(directory), {})
      const receipts = yield* store(sink, "t2", [a, b])
      assert.deepStrictEqual(receipts, [
        { batchId: "batch-1", jobId: "a", revision: a.revision, bytes: 14 },
        { batchId: "batch-1", jobId: "b", revision: b.revision, bytes: b.document.size }
      ])
      assert.deepStrictEqual(yield* query(directory, "SELECT job_id, annotation_rows FROM {jobs} ORDER BY 1"), [
        ["a", 2],
        ["b", 0]
      ])
      assert.deepStrictEqual(yield* query(directory, "SELECT count(*)::INT FROM {attachments}"), [[2]])
    }))

  it.effect("counts a repeated token, a batch staged twice, and a repeated job once", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* ParquetSink.make({ directory }).open
      yield* sink.stage("t", [a, b])
      yield* sink.stage("t", [a, record({ job: "b", text: "x" }), b])
      const receipts = yield* sink.commit("t")
      const before = tree(directory)
      assert.deepStrictEqual(yield* sink.commit("t"), receipts)
      yield* sink.stage("t", [a])
      assert.deepStrictEqual(yield* sink.commit("t"), receipts)
      assert.deepStrictEqual(tree(directory), before)
      assert.strictEqual(receipts.length, 2)
      assert.deepStrictEqual((yield* rowsOf(directory, "jobs")).map(({ revision }) => revision), [
        a.revision.document,
        b.revision.document
      ])
    }))

  it.effect("refuses to publish what was staged before another commit", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* ParquetSink.make({ directory }).open
      yield* sink.stage("t1", [a])
      yield* sink.stage("t2", [b])
      yield* sink.commit("t2")
      const error = yield* Effect.flip(sink.commit("t1"))
      assert.strictEqual(error.reason, "conflict")
      yield* sink.stage("t1", [a])
      yield* sink.commit("t1")
      assert.strictEqual((yield* rowsOf(directory, "jobs")).length, 2)
    }))

  it.effect("gives the same bytes however jobs are cut into batches and runs", () =>
    Effect.gen(function*() {
      const all = [...jobs(0, 30), ...jobs(0, 6, 5, "batch-2")]
      const once = yield* temporary
      yield* run({ directory: once, ...tiny }, [all])
      assert.isAbove(readdirSync(join(once, "jobs", "batch-batch-1")).length, 3)
      for (const size of [1, 3, 17]) {
        const directory = yield* temporary
        const batches = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
          all.slice(index * size, (index + 1) * size))
        // The second run does not know what the first one did.
        yield* run({ directory, ...tiny }, batches.slice(0, 2))
        yield* run({ directory, ...tiny }, batches.slice(2))
        assert.deepStrictEqual(tree(directory), tree(once), `batches of ${size}`)
      }
    }))

  it.effect("puts the rows of a commit in listing order, in whatever order its jobs finished", () =>
    Effect.gen(function*() {
      const all = jobs(0, 40).map((job, position) => ({ ...job, position }))
      const [once, directory] = [yield* temporary, yield* temporary]
      yield* run({ directory: once, ...tiny }, [all])
      yield* run({ directory, ...tiny }, [all.toSorted((a, b) => (a.position * 7) % 40 - (b.position * 7) % 40)])
      assert.deepStrictEqual(tree(directory), tree(once))
    }))

  it.effect("replaces a job in place, with no row of the older revision left", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const first = jobs(0, 30)
      yield* run({ directory, ...tiny }, [first])
      const order = (yield* rowsOf(directory, "jobs")).map(({ job_id }) => job_id)
      const more = record({ job: "job-00003", text: "new", nested: ["m"], rows: 11 })
      const none = record({ job: "job-00020", text: "new", rows: 0 })
      const last = record({ job: "job-00029", text: "new", rows: 1 })
      yield* run({ directory, ...tiny }, [[more, none, last, record({ job: "fresh" })]])
      const rows = yield* rowsOf(directory, "annotations")
      const count = (job: string) => rows.filter(({ job_id }) => job_id === job).length
      assert.deepStrictEqual(["job-00003", "job-00020", "job-00029", "fresh", "job-00004"].map(count), [11, 0, 1, 3, 3])
      const stored = yield* rowsOf(directory, "jobs")
      assert.deepStrictEqual(stored.map(({ job_id }) => job_id), [...order, "fresh"])
      assert.strictEqual(stored.find(({ job_id }) => job_id === "job-00020")?.["revision"], sha256("new"))
      assert.strictEqual((yield* rowsOf(directory, "attachments")).length, 1)
      const found = yield* inspected(directory)
      assert.strictEqual(found.length, 31)
      assert.isTrue(found.every(({ _tag }) => _tag === "Intact"))
    }))

  it.effect("keeps the old revision of a job whose new one is rejected", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory }, [[a, b]])
      const sink = yield* ParquetSink.make({ directory }).open
      const short = { ...content("abc"), size: 4 }
      const rejections = yield* sink.stage("t", [record({ job: "a", document: short }), record({ job: "c" })])
      assert.deepStrictEqual(rejections.map(({ error, jobId }) => [jobId, error.reason, error.step]), [
        ["a", "rejected", "stage"]
      ])
      assert.deepStrictEqual((yield* sink.commit("t")).map(({ jobId }) => jobId), ["c"])
      const stored = yield* rowsOf(directory, "jobs")
      assert.deepStrictEqual(stored.map(({ job_id, revision }) => [job_id, revision]), [
        ["a", a.revision.document],
        ["b", b.revision.document],
        ["c", record({ job: "c" }).revision.document]
      ])
    }))

  it.effect("keeps documents and nested files byte for byte, or leaves them out", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory }, [[a]])
      const chunks = yield* rowsOf(directory, "contents")
      assert.deepStrictEqual(
        chunks.map((
          { attachment_index, bytes, chunk }
        ) => [attachment_index, chunk, Buffer.from(bytes as Uint8Array).toString()]),
        [[null, 0, "{\"a\": 1 }\n"], [0, 0, "m0"], [1, 0, "m1"]]
      )
      const bare = yield* temporary
      yield* run({ directory: bare, keep: "none" }, [[a]])
      assert.deepStrictEqual(yield* rowsOf(bare, "contents"), [])
    }))

  it.effect("lists every file with its size, hash and rows in the manifest of its part", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory }, [[a, b]])
      const lines = readFileSync(join(directory, "manifest/batch-batch-1/part-000001.ndjson"), "utf8").split("\n")
      const head = { version: 2, batch: "batch-1", part: 1, geometry: "json" } as const
      assert.deepStrictEqual(PartManifest.decodeHead(lines[0]!), head)
      const tail = PartManifest.decodeLine(lines[3]!)
      assert.isTrue(tail !== undefined && "files" in tail)
      if (tail === undefined || !("files" in tail)) return
      assert.deepStrictEqual(tail.files.map(({ rows }) => rows), [2, 0, 2, 4, 2])
      for (const { path, sha256: hash, size } of tail.files) {
        const bytes = readFileSync(join(directory, path))
        assert.deepStrictEqual([bytes.length, sha256(bytes)], [size, hash])
      }
    }))

  it.effect("fails as misconfigured with invalid options, or geometry of another form", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory }, [[a]])
      const before = tree(directory)
      const points = ParquetSink.make({ directory, geometry: "points" })
      for (const step of [points.check, Effect.scoped(points.open)] as const) {
        assert.strictEqual(
          (yield* Effect.flip(step as Effect.Effect<unknown, { readonly reason: string }>)).reason,
          "misconfigured"
        )
      }
      assert.strictEqual(
        (yield* Effect.flip(ParquetSink.make({ directory, partBytes: 0 }).check)).reason,
        "misconfigured"
      )
      yield* ParquetSink.make({ directory, compression: "gzip" }).check
      assert.deepStrictEqual(tree(directory), before)
      assert.isFalse(existsSync(join(directory, ".labelstream")))
    }))
})
