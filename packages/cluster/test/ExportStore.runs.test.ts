/** The jobs of a run, as the store has them: placed in slices, worked on, and counted. */
import { assert, describe, it } from "@effect/vitest"
import type { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ExportStore } from "../src/index.ts"
import { type Kind, kinds } from "./support/databases.ts"
import { batch, listed, placed, stored, storesOn, summary } from "./support/stores.ts"

const unchanged = (jobId: string): Ledger.Outcome => ({ _tag: "Unchanged", batch, jobId, listed, at: 1 })
const unfinished = (jobId: string): Ledger.Outcome => ({ _tag: "Unfinished", batch, jobId })
const failed = (jobId: string, reason = "Gone", retryable = true): Ledger.Outcome => ({
  _tag: "Failed",
  batch,
  jobId,
  error: { reason, message: `${jobId} is gone`, retryable },
  at: 1
})

const note: ExportStore.BatchNote = { isListed: true, listingError: null, delisted: 0, malformed: [] }

const counts = (progress: ExportStore.RunProgress) =>
  progress.batches.map(({ bytes, changed, exported, failed, remaining, listed, skipped, unchanged, unfinished }) => ({
    listed,
    exported,
    changed,
    unchanged,
    unfinished,
    failed,
    remaining,
    skipped,
    bytes
  }))

const zero = {
  listed: 0,
  exported: 0,
  changed: 0,
  unchanged: 0,
  unfinished: 0,
  failed: 0,
  remaining: 0,
  skipped: 0,
  bytes: 0
}

const suite = (kind: Kind) => {
  const { withRun, withStore } = storesOn(kind)

  describe(`ExportStore on ${kind.name}`, () => {
    it.live(
      "leaves a job as it was first placed, on the same page and when the listing is begun again",
      withRun((store, run) =>
        Effect.gen(function*() {
          const page = [placed("1", 0), placed("2", 0), placed("1", 1), placed("3", null, "skipped")]
          yield* store.place(run, batch, page)
          yield* store.ledger(run).record([stored("2")])
          yield* store.place(run, batch, [placed("2", 7, "unchanged"), ...page, placed("4", 1)])
          assert.deepStrictEqual(yield* store.slices(run), [{ slice: 0, jobs: 2 }, { slice: 1, jobs: 1 }])
          assert.deepStrictEqual(yield* store.sliceJobs(run, 0), [
            { batch, summary: summary("1"), outcome: null },
            { batch, summary: summary("2"), outcome: "exported" }
          ])
          assert.deepStrictEqual(counts(yield* store.progress(run)), [
            { ...zero, listed: 3, exported: 1, remaining: 2, skipped: 1, bytes: 10 }
          ])
        })
      )
    )

    it.live(
      "gives a slice its jobs with what could not be read of them",
      withRun((store, run) =>
        Effect.gen(function*() {
          const problems = [{ path: "frames", reason: "odd \u0000" }, { path: "tag", reason: "odd" }]
          const odd = { ...summary("1"), frames: null, tag: null, problems }
          yield* store.place(run, batch, [{ summary: odd, slice: 0, outcome: null }, placed("2", 0)])
          assert.deepStrictEqual(yield* store.sliceJobs(run, 0), [
            { batch, summary: odd, outcome: null },
            { batch, summary: summary("2"), outcome: null }
          ])
        })
      )
    )

    it.live(
      "counts each job once, however often a slice is done again",
      withRun((store, run) =>
        Effect.gen(function*() {
          const ids = ["1", "2", "3", "4", "5"]
          yield* store.ledger(run).record([stored("2", "old")])
          yield* store.place(run, batch, [...ids.map((id) => placed(id, 0)), placed("6", null, "unchanged")])
          const ledger = store.ledger(run)
          yield* ledger.record([stored("1"), stored("2", "new"), failed("3"), unfinished("4")])
          yield* ledger.record([stored("1", "r1", "db", 12), stored("3", "r1")])
          yield* ledger.record([unchanged("1"), unchanged("2"), unfinished("4")])
          assert.deepStrictEqual(counts(yield* store.progress(run)), [
            { ...zero, listed: 6, exported: 3, changed: 1, unchanged: 1, unfinished: 1, remaining: 1, bytes: 32 }
          ])
          const extra: ExportStore.SliceExtra = {
            batches: [{
              ...batch,
              problems: 2,
              problemExample: { jobId: "1", path: "data", reason: "no" },
              unknown: 1,
              unknownExample: "2"
            }],
            unreachable: [{ reason: "HTTP 404", count: 3 }]
          }
          assert.deepStrictEqual(yield* store.pending(run), [0])
          const lease = yield* store.lease(run, 0)
          assert.isTrue(yield* store.endSlice(run, lease, [], { batches: [] }))
          assert.deepStrictEqual(yield* store.pending(run), [0])
          yield* store.endSlice(run, lease, ids.map((jobId) => ({ ...batch, jobId })), extra)
          assert.deepStrictEqual(yield* store.pending(run), [])
          const progress = yield* store.progress(run)
          assert.deepStrictEqual(counts(progress), [
            { ...zero, listed: 6, exported: 3, changed: 1, unchanged: 2, unfinished: 1, bytes: 32 }
          ])
          assert.deepStrictEqual(progress.sinks, [
            { id: "db", stored: 1, bytes: 12 },
            { id: "files", stored: 4, bytes: 40 }
          ])
          assert.deepStrictEqual(progress.slices, { placed: 1, ended: 1 })
          const [report] = progress.batches
          assert.deepStrictEqual([report?.problems, report?.unknown, report?.unknownExample], [2, 1, "2"])
          assert.deepStrictEqual([progress.unsized, progress.unreachable], [[], [{ reason: "HTTP 404", count: 3 }]])
          assert.deepStrictEqual(ExportStore.runEnd("completed", progress), {
            outcome: "completed",
            listed: 6,
            exported: 3,
            unchanged: 2,
            unfinished: 1,
            failed: 0,
            bytes: 32
          })
        })
      )
    )

    it.live(
      "groups failures by cause with an example, those of the listing too",
      withRun((store, run) =>
        Effect.gen(function*() {
          const listingFailure = { reason: "MalformedResponse", message: "no status", retryable: true }
          yield* store.place(run, batch, [
            placed("1", 0),
            placed("2", 0),
            placed("3", 0),
            { ...placed("4", null, "failed"), error: listingFailure }
          ])
          yield* store.ledger(run).record([failed("1"), failed("2"), failed("3", "files sink: rejected", false)])
          const malformed = {
            cause: "MalformedResponse",
            count: 2,
            retryable: true,
            permanent: false,
            example: { batchId: "b", jobId: "entry 3", message: "no id" }
          }
          yield* store.noteBatch(run, batch, { ...note, isListed: false, listingError: "it broke" })
          yield* store.noteBatch(run, batch, { ...note, delisted: 3, malformed: [malformed] })
          const progress = yield* store.progress(run)
          assert.deepStrictEqual(counts(progress), [{ ...zero, listed: 6, failed: 6 }])
          assert.deepStrictEqual(
            progress.batches.map(({ isListed, listingError, delisted }) => [isListed, listingError, delisted]),
            [[true, null, 3]]
          )
          const byCause = new Map(progress.failures.map((group) => [group.cause, group]))
          assert.deepStrictEqual(byCause.get("Gone"), {
            cause: "Gone",
            count: 2,
            retryable: true,
            permanent: false,
            example: { batchId: "b", jobId: "1", message: "1 is gone" }
          })
          assert.deepStrictEqual(byCause.get("MalformedResponse")?.count, 3)
          assert.isFalse(byCause.get("files sink: rejected")?.retryable)
        })
      )
    )

    it.live(
      "answers a slice's jobs as known and not as repeated, though its run has listed them",
      withRun((store, run) =>
        Effect.gen(function*() {
          const ledger = store.ledger(run)
          const repeated = (page: ReadonlyArray<string>) =>
            Effect.map(
              ledger.observe(run, batch, page.map(summary)),
              (observations) => observations.map((one) => one.repeated)
            )
          assert.deepStrictEqual(yield* repeated(["1", "2", "1"]), [false, false, true])
          assert.deepStrictEqual(yield* repeated(["1", "2"]), [false, false])
        })
      )
    )

    it.live(
      "keeps two runs over the same batch apart: a job that one did not place is delisted for it alone",
      withStore((store) =>
        Effect.gen(function*() {
          const one = yield* store.begin((yield* store.submit("1", "{}")).row.id)
          const two = yield* store.begin((yield* store.submit("2", "{}")).row.id)
          yield* store.ledger(one.run).observe(one.run, batch, [summary("1"), summary("2")])
          yield* store.place(one.run, batch, [placed("1", 0), placed("2", 0)])
          yield* store.ledger(two.run).observe(two.run, batch, [summary("1")])
          yield* store.place(two.run, batch, [placed("1", 0)])
          const delisted = (run: number) =>
            Effect.map(
              Stream.runCollect(store.ledger(run).entries({ batch, notObservedIn: run })),
              (pages) => pages.flat().map(({ jobId }) => jobId)
            )
          assert.deepStrictEqual([yield* delisted(one.run), yield* delisted(two.run)], [[], ["2"]])
        })
      )
    )
  })
}

kinds.forEach(suite)
