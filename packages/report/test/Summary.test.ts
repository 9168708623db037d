import { assert, describe, it } from "@effect/vitest"
import { JobSink, Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Summary } from "../src/index.ts"
import { freshLedger, noteRun, rectangles, sinkOf, sinkWith, storedJob, type TestJob } from "./support/stored.ts"

const gather = (jobs: ReadonlyArray<TestJob>, options: Summary.Options = { sinks: [sinkWith(jobs)] }) =>
  Effect.provide(Effect.andThen(noteRun(jobs), Summary.gather(options)), freshLedger)

const resultsOf = (jobs: ReadonlyArray<TestJob>, options?: Summary.Options) =>
  Effect.map(gather(jobs, options), ({ results }) => results ?? assert.fail("no results"))

const refused: Ledger.JobFailure = { reason: "NotFound", message: "it is gone", retryable: false }
const later: Ledger.JobFailure = { reason: "Timeout", message: "too slow", retryable: true }

describe("a sink that cannot be read", () => {
  it.effect("to its end is reported, with what was read before", () =>
    Effect.gen(function*() {
      const jobs = [{ id: "1", document: rectangles(["Car"]) }]
      const damaged = new JobSink.SinkError({
        sink: "test",
        step: "inspect",
        reason: "corrupt",
        detail: "it is damaged"
      })
      const replay = Stream.concat(Stream.fromIterable(jobs.map(storedJob)), Stream.fail(damaged))
      const { brokenOff, jobs: read } = yield* resultsOf(jobs, { sinks: [sinkOf(replay)] })
      assert.include(brokenOff ?? "", "it is damaged")
      assert.strictEqual(read, 1)
    }))

  it.effect("at one job leaves that one out, and names it", () =>
    Effect.gen(function*() {
      const jobs = [
        { id: "1", document: rectangles(["Car"]) },
        { id: "2", document: rectangles(["Car"]), unreadable: true },
        { id: "3", document: rectangles(["Car"]) }
      ]
      const { annotations, jobs: read, labels, unreadable } = yield* resultsOf(jobs)
      assert.deepStrictEqual([read, annotations, labels.top[0]?.jobs], [2, 2, 2])
      assert.deepStrictEqual(unreadable, { top: [{ batchId: "b", jobId: "2", referenceId: null }], more: 0 })
    }))

  it.effect("at all leaves what the ledger knows", () =>
    Effect.gen(function*() {
      const { results, stages } = yield* gather([{ id: "1" }], { sinks: [] })
      assert.deepStrictEqual([results, stages.stored], [null, 1])
    }))
})

describe("the ledger's part", () => {
  it.effect("counts jobs by stage, batch by batch, and failures by reason with what to expect of them", () =>
    Effect.gen(function*() {
      const { batches, failures, runs, sinks, stages, unfinished } = yield* gather([
        { id: "1", document: "{}" },
        { id: "2", unfinished: "in_review" },
        { id: "3", failed: refused },
        { id: "4", failed: later },
        { id: "5", failed: refused, batchId: "c" }
      ])
      assert.deepStrictEqual(stages, { pending: 0, unfinished: 1, stored: 1, failed: 3 })
      assert.deepStrictEqual(batches.top.map(({ batchId, bytes, stages }) => [batchId, stages.failed, bytes]), [
        ["b", 2, 2],
        ["c", 1, 0]
      ])
      assert.deepStrictEqual(failures.top.map(({ jobs, reason, retryable }) => [reason, jobs, retryable]), [
        ["NotFound", 2, false],
        ["Timeout", 1, true]
      ])
      assert.deepStrictEqual(unfinished, {
        top: [{ batchId: "b", jobId: "2", referenceId: null, status: "in_review" }],
        more: 0
      })
      // Where a sink's files are is nothing for a page that is handed around.
      assert.deepStrictEqual(sinks, [{ name: "test", jobs: 1, bytes: 2 }])
      assert.deepStrictEqual(runs.top.map(({ end }) => end?.failed), [3])
    }))

  it.effect("counts all batches, and describes the first fifty", () =>
    Effect.gen(function*() {
      const jobs = Array.from({ length: 60 }, (_, i) => ({ id: "1", batchId: `b${i}` }))
      const { batches } = yield* gather(jobs)
      assert.deepStrictEqual([batches.top.length, batches.more], [50, 10])
    }))

  it.effect("leaves out runs that found nothing new, save the latest", () =>
    Effect.gen(function*() {
      const quiet: Ledger.RunEnd = {
        outcome: "completed",
        listed: 1,
        exported: 0,
        unchanged: 1,
        unfinished: 0,
        failed: 0,
        bytes: 0
      }
      yield* noteRun([{ id: "1" }])
      const ledger = yield* Ledger.Ledger
      for (let i = 0; i < 3; i++) yield* ledger.end(yield* ledger.begin, quiet)
      const { runs } = yield* Summary.gather()
      assert.deepStrictEqual([runs.count, runs.quiet, runs.top.map(({ run }) => run), runs.more], [4, 2, [4, 1], 0])
    }).pipe(Effect.provide(freshLedger)))

  it.effect("and the results' part cover only the requested batches", () =>
    Effect.gen(function*() {
      const jobs = ["b", "c", "d"].map((batchId) => ({ id: "1", batchId, document: rectangles([batchId]) }))
      const batches = [{ projectId: "p", batchId: "c" }, { projectId: "p", batchId: "d" }]
      const { results, stages } = yield* gather(jobs, { sinks: [sinkWith(jobs)], batches })
      assert.strictEqual(stages.stored, 2)
      assert.deepStrictEqual(results?.labels.top.map(({ name }) => name), ["c", "d"])
    }))
})

describe("the results' part", () => {
  it.effect("counts labels with the jobs that they are in, the most frequent first", () =>
    Effect.gen(function*() {
      const { annotations, labels, perJob, types } = yield* resultsOf([
        { id: "1", document: rectangles(["Car", "Car", "Tree"]) },
        { id: "2", document: rectangles(["Car", "Sign"]) },
        { id: "3", document: rectangles([]) }
      ])
      assert.strictEqual(annotations, 5)
      assert.deepStrictEqual(labels.top.map(({ count, jobs, name }) => [name, count, jobs]), [
        ["Car", 3, 2],
        ["Sign", 1, 1],
        ["Tree", 1, 1]
      ])
      assert.deepStrictEqual(types.map(({ count, name }) => [name, count]), [["rectangle", 5]])
      assert.deepStrictEqual([perJob.median, perJob.max, perJob.maxJob?.jobId], [2, 3, "1"])
      assert.deepStrictEqual(perJob.bins.map(({ from, jobs, to }) => [from, to, jobs]), [
        [0, 0, 1],
        [1, 1, 0],
        [2, 2, 1],
        [3, 3, 1]
      ])
    }))

  it.effect("shows thirty labels and says how many more there are, or that it stopped counting them", () =>
    Effect.gen(function*() {
      const labels = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `label ${from + i}`)
      const some = yield* resultsOf([{ id: "1", document: rectangles(labels(342)) }])
      assert.deepStrictEqual([some.labels.top.length, some.labels.more, some.labels.capped], [30, 312, false])
      const jobs = Array.from({ length: 30 }, (_, i) => ({
        id: String(i),
        document: rectangles(labels(2000, i * 2000))
      }))
      const many = yield* resultsOf(jobs)
      assert.deepStrictEqual([many.annotations, many.labels.distinct, many.labels.capped], [60_000, 50_000, true])
    }))

  it.effect("names what could not be read, and results of no known shape", () =>
    Effect.gen(function*() {
      const broken = rectangles(["Car", "Car"])
      broken.data.annotations.rectangles[1]!.coordinates = []
      const { problems, unknown } = yield* resultsOf([
        { id: "1", document: broken },
        { id: "2", document: "not json" },
        { id: "3", document: { mystery: "cat" } }
      ])
      assert.strictEqual(problems.count, 1)
      assert.deepInclude(problems.top[0], { count: 1, jobs: 1, path: "/data/annotations/rectangles/1" })
      assert.deepStrictEqual(unknown.top.map(({ jobId }) => jobId), ["2", "3"])
    }))
})
