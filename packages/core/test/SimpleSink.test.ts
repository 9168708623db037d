import { assert, describe, it } from "@effect/vitest"
import { Effect, Sink, Stream } from "effect"
import { ContentError } from "../src/Content.ts"
import { type JobRecord, SinkError } from "../src/JobSink.ts"
import type * as JobSink from "../src/JobSink.ts"
import * as ResultDocument from "../src/ResultDocument.ts"
import * as SimpleSink from "../src/SimpleSink.ts"

const contentOf = (text: string) => {
  const bytes = new TextEncoder().encode(text)
  return {
    size: bytes.length,
    sha256: "0".repeat(64),
    mediaType: null,
    bytes,
    path: undefined,
    stream: Stream.make(bytes),
    collect: Effect.succeed(bytes)
  }
}

const record = Effect.fnUntraced(function*(jobId: string, labels: ReadonlyArray<string> = []) {
  const coordinates = [{ x: 0, y: 0 }, { x: 1, y: 1 }]
  const rectangles = labels.map((label) => ({ label, coordinates }))
  const document = contentOf(JSON.stringify({ data: { annotations: { rectangles } } }))
  const made: JobRecord = {
    position: 0,
    load: 1,
    projectId: "p",
    batchId: "b",
    jobId,
    summary: {
      id: jobId,
      referenceId: null,
      status: "completed",
      frames: null,
      annotations: null,
      tag: null,
      priorityWeight: null
    },
    result: {
      jobId,
      referenceId: null,
      batchId: "b",
      status: "completed",
      workFlowId: null,
      tag: null,
      priorityWeight: null,
      result: "https://files.test/1.json"
    },
    document,
    parsed: yield* ResultDocument.open(document),
    attachments: [],
    sizes: new Map(),
    revision: { document: document.sha256, attachments: "" }
  }
  return made
})

const lost = (of: JobRecord): JobRecord => {
  const gone = Effect.fail(new ContentError({ operation: "read", code: "ENOENT", cause: "gone" }))
  return { ...of, document: { ...of.document, bytes: undefined, stream: Stream.fromEffect(gone), collect: gone } }
}

const ids = (of: ReadonlyArray<{ readonly jobId: string }>) => of.map(({ jobId }) => jobId)

describe("SimpleSink", () => {
  it.effect("needs one open and one write function, and declares only what these can promise", () =>
    Effect.gen(function*() {
      const written: Array<string> = []
      const sink = SimpleSink.fromWriter({
        name: "list",
        id: "list:1",
        open: Effect.succeed((records) => Effect.sync(() => void written.push(...ids(records))))
      })
      const { durability, inspectable, keying, visibility } = sink.capabilities
      assert.deepStrictEqual([keying, visibility, durability, inspectable], ["append", "stage", "process", false])
      const open = yield* sink.open
      yield* open.stage("t", [yield* record("a"), yield* record("b")])
      assert.deepStrictEqual(ids(yield* open.commit("t")), ["a", "b"])
      assert.deepStrictEqual(ids(yield* open.commit("t")), ["a", "b"])
      yield* open.stage("t", [yield* record("a"), yield* record("b")])
      assert.deepStrictEqual(written, ["a", "b"])
      assert.deepStrictEqual(yield* open.commit("other"), [])
      yield* open.finish({ outcome: "completed" })
    }))

  it.effect("lets several write straight to the place with nothing to merge, unless it claims to be for one", () =>
    Effect.gen(function*() {
      const written: Array<string> = []
      const open = Effect.succeed((records: ReadonlyArray<JobSink.JobRecord>) =>
        Effect.sync(() => void written.push(...records.map(({ jobId }) => jobId)))
      )
      const { branches } = SimpleSink.fromWriter({ name: "list", id: "list:1", open })
      const [one, other] = [yield* branches!.open("one"), yield* branches!.open("other")]
      yield* one.stage("t", [yield* record("a")])
      yield* other.stage("t", [yield* record("b")])
      assert.deepStrictEqual(written, ["a", "b"])
      assert.deepStrictEqual(yield* branches!.merge, { merged: 0, stillOpen: [] })
      const single = SimpleSink.fromWriter({ name: "list", id: "list:2", open, capabilities: { writers: "single" } })
      assert.isUndefined(single.branches)
    }))

  it.effect("writes again when the writer was not available", () =>
    Effect.gen(function*() {
      let calls = 0
      const error = new SinkError({ sink: "list", step: "stage", reason: "unavailable", detail: "not now" })
      const sink = SimpleSink.fromWriter({
        name: "list",
        id: "list:1",
        open: Effect.succeed(() => calls++ === 0 ? Effect.fail(error) : Effect.void)
      })
      const open = yield* sink.open
      const batch = [yield* record("a")]
      assert.strictEqual(yield* Effect.flip(open.stage("t", batch)), error)
      assert.deepStrictEqual(yield* open.commit("t"), [])
      yield* open.stage("t", batch)
      assert.deepStrictEqual(ids(yield* open.commit("t")), ["a"])
    }))

  it.effect("leaves out what cannot be read before anything is written, and what the writer refuses", () =>
    Effect.gen(function*() {
      const error = new SinkError({ sink: "list", step: "stage", reason: "rejected", detail: "never", jobId: "no" })
      const offered: Array<string> = []
      const sink = SimpleSink.fromWriter({
        name: "list",
        id: "list:1",
        open: Effect.succeed((records) => {
          offered.push(...ids(records))
          return Effect.succeed([{ batchId: "b", jobId: "no", error }])
        })
      })
      const open = yield* sink.open
      const rejections = yield* open.stage("t", [
        lost(yield* record("lost")),
        yield* record("no"),
        yield* record("yes")
      ])
      assert.deepStrictEqual(ids(rejections), ["lost", "no"])
      assert.deepStrictEqual([rejections[0]?.error.sink, rejections[0]?.error.jobId], ["list", "lost"])
      assert.deepStrictEqual(offered, ["no", "yes"])
      assert.deepStrictEqual(ids(yield* open.commit("t")), ["yes"])
    }))

  it.effect("returns no receipts for an aborted batch, and notifies the writer of the end", () =>
    Effect.gen(function*() {
      const ends: Array<JobSink.RunEnd["outcome"]> = []
      const sink = SimpleSink.fromWriter({
        name: "list",
        id: "list:1",
        open: Effect.succeed({
          write: () => Effect.void,
          finish: ({ outcome }) => Effect.sync(() => void ends.push(outcome))
        }),
        capabilities: { keying: "upsert", batch: { maxRecords: 3 } }
      })
      assert.deepStrictEqual([sink.capabilities.keying, sink.capabilities.batch.maxRecords], ["upsert", 3])
      const open = yield* sink.open
      yield* open.stage("t", [yield* record("a")])
      yield* open.abort("t")
      assert.deepStrictEqual(yield* open.commit("t"), [])
      yield* open.finish({ outcome: "stopped" })
      assert.deepStrictEqual(ends, ["stopped"])
    }))

  it.effect("runs an Effect sink once for each batch", () =>
    Effect.gen(function*() {
      const batches: Array<ReadonlyArray<string>> = []
      const sink = SimpleSink.fromEffectSink({
        name: "effect",
        id: "effect:1",
        sink: Sink.map(Sink.collect<JobRecord>(), (records) => void batches.push(ids(records)))
      })
      const open = yield* sink.open
      yield* open.stage("1", [yield* record("a"), yield* record("b")])
      yield* open.stage("2", [yield* record("c")])
      assert.deepStrictEqual(batches, [["a", "b"], ["c"]])
    }))

  it.effect("gives a table writer the rows of each table, the job's own last", () =>
    Effect.gen(function*() {
      const rows: Array<string> = []
      const sink = SimpleSink.fromTableWriter({
        name: "tables",
        id: "tables:1",
        open: Effect.succeed({
          jobs: (of) => Effect.sync(() => rows.push(...of.map((row) => `job ${row.job_id} ${row.annotation_rows}`))),
          annotations: (of) => Effect.sync(() => rows.push(...of.map((row) => `${row.job_id} ${row.label}`)))
        })
      })
      const open = yield* sink.open
      yield* open.stage("t", [yield* record("a", ["cat", "dog"]), yield* record("b")])
      assert.deepStrictEqual(rows, ["a cat", "a dog", "job a 2", "job b 0"])
    }))
})
