import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Content, ContentError } from "../../Content.ts"
import type { BatchRef } from "../../Job.ts"
import type { AttachmentRecord, JobRecord, JobSink, OpenSink, Receipt, StoredJob } from "../../JobSink.ts"
import { isFailureOf, type Ledger, type LedgerEntry, type LedgerError, type Outcome } from "../../Ledger.ts"
import * as ResultDocument from "../../ResultDocument.ts"
import { holds, isChanged, listedOf } from "../../Selection.ts"
import type { Unsized } from "../../Sizes.ts"
import type { Events } from "./events.ts"
import { type Looking, measure } from "./mediaSizes.ts"
import { parseLimit } from "./openUnparsed.ts"
import { type Delivery, type Offered, SinkRunner } from "./sinkRunner.ts"

export interface Filling {
  readonly ledger: Ledger["Service"]
  readonly source: JobSink & { readonly replay: NonNullable<JobSink["replay"]> }
  readonly target: JobSink
  readonly open: OpenSink
  readonly runId: string
  readonly load: number
  readonly lease: number | undefined
  readonly looking: Looking
  readonly batches: ReadonlyArray<BatchRef>
  readonly events: Events
  readonly stop: Deferred.Deferred<void>
}

/**
 * Stores in one sink what another one holds and it lacks, without the platform. What cannot be read back, or is not what
 * the ledger has, is skipped: the listing will find that the sink lacks it. Returns why the target failed, if it did.
 */
export const fill = Effect.fnUntraced(
  function*({ batches, events, lease, ledger, load, looking, open, runId, source, stop, target }: Filling) {
    const held = yield* ledger.audit(source.id)
    const stored = yield* ledger.audit(target.id)
    const queue = yield* Queue.bounded<Offered<Filled>, Cause.Done>(target.capabilities.batch.maxRecords)
    const runner = new SinkRunner<Filled, LedgerError>(target, open, `${runId}-fill`, queue, (settled) => {
      const receipts = settled.stored.map(({ receipt }) => receipt)
      if (receipts.length > 0) events.emit({ _tag: "Stored", sink: target.id, receipts, isBackfill: true })
      for (const { delivery: { record: { batchId, jobId, projectId }, unsized } } of settled.stored) {
        if (unsized.length > 0) events.emit({ _tag: "Unsized", projectId, batchId, jobId, unsized })
      }
      return Effect.andThen(
        events.room,
        Effect.flatMap(
          Effect.all([
            entriesOf(ledger, settled.stored.map(({ delivery }) => delivery.record)),
            Clock.currentTimeMillis
          ]),
          ([known, at]) =>
            ledger.record(
              settled.stored.map(({ delivery: { record }, receipt }, index) =>
                backfilled(record, receipt, known[index] ?? null, at)
              )
            )
        )
      )
    })
    /** A job that failed because the target could not store it is no longer failed. */
    const backfilled = (record: JobRecord, receipt: Receipt, known: LedgerEntry | null, at: number): Outcome => {
      const { batchId, projectId, summary } = record
      const batch = { projectId, batchId }
      // It has the files that the source has.
      const attachments = known?.receipts.find(({ sink }) => sink === source.id)?.attachments ?? undefined
      const stored = { batch, sink: target.id, receipt, ...(attachments === undefined ? {} : { attachments }) }
      return known?.error == null || !isFailureOf(target.name, known.error)
        ? { _tag: "Reconciled", ...stored }
        : { _tag: "Stored", ...stored, listed: known.storedAs ?? listedOf(summary), at }
    }
    const storing = yield* Effect.forkScoped(runner.run)
    const isAsked = (job: StoredJob) =>
      batches.some(({ batchId, projectId }) => batchId === job.batchId && projectId === job.projectId)
    /** The jobs that the target lacks. */
    const lacking = Effect.fnUntraced(function*(jobs: ReadonlyArray<StoredJob>) {
      const receipts = jobs.map(({ batchId, jobId, revision, ...job }) => ({
        batchId,
        jobId,
        revision,
        bytes: bytesOf(job)
      }))
      const atSource = yield* held.check(receipts, [])
      const atTarget = yield* stored.check(receipts, [])
      const found = jobs.filter((_, index) => atSource[index] === "match" && atTarget[index] !== "match")
      // What another sink has stored since is newer, and may be what the target holds without a receipt.
      const known = yield* entriesOf(ledger, found)
      return found.filter((job, index) => {
        const entry = known[index]
        return entry == null || (holds(entry, source.id) && !hasMore(entry, target.id, job))
      })
    })
    let position = 0
    const deliver = Effect.fnUntraced(function*(job: StoredJob) {
      if (runner.failure !== undefined) return
      const unmeasured = yield* recordOf(job, {
        load,
        position: position++,
        ...(lease === undefined ? {} : { lease })
      })
      if (unmeasured === undefined) return
      // Sizes come from the source, else from its files, else from `sizes`.
      const { sizes, unsized } = yield* measure(unmeasured, unmeasured.sizes, looking)
      const record = { ...unmeasured, sizes }
      yield* runner.offer({ record, bytes: bytesOf(record), unsized })
    })
    yield* source.replay.pipe(
      Stream.filter((job) => isAsked(job) && runner.failure === undefined),
      Stream.grouped(jobsAtOnce),
      Stream.mapEffect((jobs) =>
        Effect.flatMap(lacking(jobs), (found) => Effect.forEach(found, deliver, { discard: true }))
      ),
      Stream.catchTag("SinkError", () => Stream.empty),
      // Contents can be read until the source's stream ends, so it ends when all jobs are stored.
      Stream.onEnd(Effect.andThen(runner.end, Fiber.join(storing))),
      Stream.interruptWhen(Deferred.await(stop)),
      Stream.runDrain,
      Effect.raceFirst(Fiber.join(storing))
    )
    yield* runner.end
    yield* Fiber.join(storing)
    return runner.failure
  },
  Effect.scoped
)

/** Jobs that are looked up in the ledger together: some sinks replay contents in memory. */
const jobsAtOnce = 32

/** The ledger's entry of each job. */
const entriesOf = Effect.fnUntraced(function*(
  ledger: Ledger["Service"],
  jobs: ReadonlyArray<Pick<StoredJob, "projectId" | "batchId" | "jobId">>
) {
  const entries: Array<LedgerEntry | null> = []
  const byBatch = Map.groupBy(jobs.keys(), (index) => JSON.stringify([jobs[index]!.projectId, jobs[index]!.batchId]))
  for (const indices of byBatch.values()) {
    const found = yield* ledger.find(jobs[indices[0]!]!, indices.map((index) => jobs[index]!.jobId))
    for (const [at, index] of indices.entries()) entries[index] = found[at] ?? null
  }
  return entries
})

interface Filled extends Delivery {
  readonly unsized: ReadonlyArray<Unsized>
}

/** Whether a sink holds more of a job than another one of the same revision: inputs. */
const hasMore = ({ receipts }: LedgerEntry, sink: string, job: StoredJob) =>
  receipts.some((receipt) =>
    receipt.sink === sink && !isChanged(receipt.revision, job.revision) && receipt.bytes > bytesOf(job)
  )

const bytesOf = ({ attachments, document }: {
  readonly document: Content
  readonly attachments: ReadonlyArray<{ readonly content: Content }>
}) => attachments.reduce((sum, { content }) => sum + content.size, document.size)

/** Returns the record as it was fetched, or undefined if its bytes have changed. */
const recordOf = Effect.fnUntraced(
  function*(
    job: StoredJob,
    as: Pick<JobRecord, "load" | "lease" | "position">
  ): Effect.fn.Return<JobRecord | undefined, ContentError> {
    // Positions count input media only if these were fetched too.
    for (const inputs of [false, true]) {
      const parsed = yield* ResultDocument.open(job.document, { inputs, parseLimit })
      const attachments = job.attachments.flatMap(({ content, index }): ReadonlyArray<AttachmentRecord> => {
        const ref = parsed.attachments[index]
        return ref === undefined ? [] : [{ ref, content }]
      })
      const isWhole = attachments.length === job.attachments.length
      const stored = new Set(attachments.map(({ ref }) => ref.index))
      // Inputs may be missing, and so may all files.
      const hasResults = parsed.attachments.every(({ index, role }) => role === "input" || stored.has(index))
      if (isWhole && (attachments.length === 0 || hasResults)) return { ...job, ...as, parsed, attachments }
    }
    return undefined
  },
  Effect.catchTag("ContentError", () => Effect.succeed(undefined))
)
