/**
 * One slice of an export: an ordinary export of the slice's jobs, with the slice as its listing, the cluster's ledger, and
 * sinks that are open already. A slice that is done again fetches only jobs that are not stored yet.
 */
import { Export, type ExportReport, GtStudio, type Job, Ledger, Selection } from "@labelstream/core"
import { batchKey } from "@labelstream/node/LedgerSql"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import { ClusterError } from "../../ClusterError.ts"
import type { ExportRequest } from "../../ExportRequest.ts"
import { ExportStore, type SliceExtra } from "../../ExportStore.ts"
import { notChecked, sliceLedger } from "./runLedger.ts"
import { forSlice, type Writer } from "./writers.ts"

export interface Work {
  readonly run: number
  /** `jobs.load_id` of the export. */
  readonly load: number
  readonly request: ExportRequest
  readonly writers: ReadonlyArray<Writer>
  /** Jobs of one slice in flight. */
  readonly concurrency: number
  /** Done when the export is to stop. */
  readonly stop: Deferred.Deferred<void>
}

/** How long jobs in flight may continue after a slice is stopped or its runner leaves. */
const grace = "5 seconds"

/** Leaves out the log lines of begin and end, which are for an export that a person began. */
const quietly = Effect.provideService(References.MinimumLogLevel, "Warn")

/**
 * Does a slice. Returns false if it was stopped before its end, or if another runner got the slice while this one did not
 * respond.
 */
export const runSlice = (work: Work, slice: number) =>
  Effect.scoped(Effect.gen(function*() {
    const gtStudio = yield* GtStudio.GtStudio
    const store = yield* ExportStore
    const { request, run } = work
    // Before the slice is read: from here on, an earlier holder is refused.
    const lease = yield* store.lease(run, slice)
    const jobs = yield* store.sliceJobs(run, slice)
    if (jobs.length === 0) return true
    const skipped: Array<Job.BatchRef & { readonly jobIds: ReadonlyArray<string> }> = []
    const byBatch = Map.groupBy(jobs, ({ batch }) => batchKey(batch))
    const { filterResult } = Selection.filterOf(request)
    const running = yield* Export.start({
      batches: Array.from(byBatch.values()).flatMap(([first]) => first === undefined ? [] : [first.batch]),
      sinks: yield* Effect.forEach(work.writers, forSlice),
      selection: notChecked,
      attachments: request.attachments,
      load: work.load,
      lease: lease.number,
      concurrency: work.concurrency,
      grace,
      ...(filterResult === undefined ? {} : { filterResult }),
      onEvent: (event) => {
        if (event._tag === "Skipped") skipped.push(event)
      }
    }).pipe(
      Effect.provideService(GtStudio.GtStudio, {
        ...gtStudio,
        pages: (batch) => Stream.succeed(pageOf(byBatch.get(batchKey(batch)) ?? []))
      }),
      Effect.provideService(Ledger.Ledger, withoutLost(work, sliceLedger(store, run, lease, jobs)))
    )
    yield* Effect.forkScoped(Effect.andThen(Deferred.await(work.stop), running.stop))
    const report = yield* Effect.onInterrupt(
      running.await,
      () => Effect.andThen(running.stop, Effect.ignore(running.await))
    )
    // A sink that does not stop in time has an error too.
    if (report.stopped) return false
    const broken = report.sinks.find(({ error }) => error !== null)
    if (broken?.error != null) return yield* new ClusterError({ reason: "aborted", detail: broken.error })
    if (isLost(work)) {
      return yield* new ClusterError({
        reason: "aborted",
        detail: "Another process has taken over a branch of this runner"
      })
    }
    for (const [first] of byBatch.values()) {
      if (first === undefined) continue
      const ofBatch = skipped.filter((event) => batchKey(event) === batchKey(first.batch))
      yield* store.skip(run, first.batch, ofBatch.flatMap(({ jobIds }) => jobIds))
    }
    const done = jobs.map(({ batch, summary }) => ({ ...batch, jobId: summary.id }))
    return yield* store.endSlice(run, lease, done, extraOf(report))
  })).pipe(quietly)

/** Whether a branch was taken over, so that every write to it fails. */
export const isLost = ({ writers }: Work): boolean => writers.some((writer) => writer.isLost)

/** Records no failure while a branch is lost: the job has not failed, and the slice is done again. */
const withoutLost = (work: Work, ledger: Ledger.Ledger["Service"]): Ledger.Ledger["Service"] => ({
  ...ledger,
  record: (outcomes) =>
    ledger.record(
      isLost(work) ? outcomes.filter(({ _tag }) => _tag !== "Failed") : outcomes
    )
})

const pageOf = (jobs: ReadonlyArray<{ readonly summary: Job.JobSummary }>): GtStudio.JobPage => ({
  number: 1,
  jobs: jobs.map(({ summary }) => summary),
  malformed: []
})

const extraOf = ({ batches, unreachable, unsized }: ExportReport.ExportReport): SliceExtra => ({
  batches: batches.map(({ batchId, problemExample, problems, projectId, unknown, unknownExample }) => ({
    projectId,
    batchId,
    problems,
    problemExample,
    unknown,
    unknownExample
  })),
  unsized,
  unreachable
})
