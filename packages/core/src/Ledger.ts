/**
 * The ledger: one row per job, with what was listed, fetched, and stored where, and what failed; and one row per run.
 * It makes a second run cheap and a killed run resumable. It holds ids, hashes, counts, and errors, but no key and no
 * signed URL.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type * as Stream from "effect/Stream"
import { failureOf, isFailureOf, isPermanent, type JobFailure, outlook, permanentAfter } from "./internal/jobFailure.ts"
import { TaggedError } from "./internal/taggedError.ts"
import type { AttachmentChoice, BatchRef, JobSummary } from "./Job.ts"
import type { Receipt, Revision } from "./JobSink.ts"
import * as PlainText from "./PlainText.ts"

export { failureOf, isFailureOf, isPermanent, type JobFailure, outlook, permanentAfter }

/** The fields of the listing whose change means that a job should be checked again. */
export interface Listed {
  readonly status: string
  readonly frames: number | null
  readonly annotations: number | null
}

/**
 * How far a job has come.
 *
 * - `pending`: seen, nothing fetched yet; or stored once, and no sink's receipt counts any more
 * - `unfinished`: the platform had no result for it when last looked at
 * - `stored`: every sink of the run that fetched it has returned a receipt, or a receipt was reconciled
 * - `failed`: the last attempt ended in `error`
 */
export const JobStage = Schema.Literals(["pending", "unfinished", "stored", "failed"])

export type JobStage = typeof JobStage.Type

/** A sink's word that it holds a revision of the job. */
export interface LedgerReceipt {
  /** `JobSink.id`. */
  readonly sink: string
  readonly revision: Revision
  readonly bytes: number
  /** Which files a run last asked for when the sink stored the job or had it; null if that is not known. */
  readonly attachments: AttachmentChoice | null
}

/** One job as the ledger knows it. */
export interface LedgerEntry {
  readonly projectId: string
  readonly batchId: string
  readonly jobId: string
  readonly referenceId: string | null
  /** As last listed. */
  readonly listed: Listed
  /** As listed when the stored revision was fetched; null if that is not known (reconciled from a sink). */
  readonly storedAs: Listed | null
  readonly stage: JobStage
  /** Of what was last fetched; null before. */
  readonly revision: Revision | null
  /** Bytes of the last fetched revision, result document and nested files; null before. */
  readonly bytes: number | null
  /** How often the job was tried since it was last stored. */
  readonly attempts: number
  readonly error: JobFailure | null
  /** When its result was last fetched or compared, in milliseconds since 1970; null before. */
  readonly checkedAt: number | null
  readonly receipts: ReadonlyArray<LedgerReceipt>
}

/** A listed job compared with the ledger. */
export interface Observation {
  readonly summary: JobSummary
  /** The entry as it stood before this page, or null for a job never seen, and for one that is `upToDate`. */
  readonly known: LedgerEntry | null
  /** Whether this run has already observed the job, on this page or an earlier one. */
  readonly repeated: boolean
  /** There is nothing to do with the job: it is stored as it is listed, and each sink asked about holds that revision. */
  readonly upToDate?: boolean
}

/** Something that happened to one job. */
export type Outcome =
  /** A sink has stored the job. `listed` is its entry in the listing when it was fetched. */
  | {
    readonly _tag: "Stored"
    readonly batch: BatchRef
    readonly sink: string
    readonly receipt: Receipt
    /** Which files were asked for. Default: not known. */
    readonly attachments?: AttachmentChoice
    readonly listed: Listed
    readonly at: number
  }
  /** The job was fetched again and every sink already holds this revision. */
  | {
    readonly _tag: "Unchanged"
    readonly batch: BatchRef
    readonly jobId: string
    readonly listed: Listed
    readonly at: number
  }
  /** The platform has no result for the job yet. */
  | { readonly _tag: "Unfinished"; readonly batch: BatchRef; readonly jobId: string }
  /** The job, or its storing in one sink, failed. Receipts of other sinks stay. Counts one attempt. */
  | {
    readonly _tag: "Failed"
    readonly batch: BatchRef
    readonly jobId: string
    readonly error: JobFailure
    readonly at: number
  }
  /** A sink was found to hold the job: its receipt is taken over, and the job made if it is not known. */
  | {
    readonly _tag: "Reconciled"
    readonly batch: BatchRef
    readonly sink: string
    readonly receipt: Receipt
    /** Which files were asked for. Default: not known. */
    readonly attachments?: AttachmentChoice
  }
  /** A sink does not hold what its receipt for the job says: the receipt no longer counts. Changes nothing without one. */
  | { readonly _tag: "Voided"; readonly batch: BatchRef; readonly sink: string; readonly jobId: string }

/** The counts of a run over all its batches: listed = exported + unchanged + unfinished + failed + remaining. */
export interface RunEnd {
  /**
   * - `completed`: it reached its end, whether or not jobs failed
   * - `stopped`: its user stopped it
   * - `aborted`: an error left nothing to continue, or the run was interrupted
   */
  readonly outcome: "completed" | "stopped" | "aborted"
  readonly listed: number
  readonly exported: number
  readonly unchanged: number
  readonly unfinished: number
  readonly failed: number
  /** Bytes fetched for exported jobs. */
  readonly bytes: number
}

/** One run as it is remembered. Times are in milliseconds since 1970. */
export interface Run {
  /** Its number. */
  readonly run: number
  readonly startedAt: number
  /** Null for a run that is still on, or was killed, or whose end was not kept by the version that made it. */
  readonly endedAt: number | null
  /** Null as `endedAt` is. */
  readonly end: RunEnd | null
}

/** Which entries to read. All given conditions must hold. */
export interface EntryFilter {
  readonly batch?: BatchRef
  readonly stage?: JobStage
  /** Emits entries that this run has not observed: after a complete listing, the jobs that are no longer listed. */
  readonly notObservedIn?: number
}

/** How many jobs of a batch are at each stage. */
export type StageCounts = Readonly<Record<JobStage, number>>

/** Names one job. */
export interface JobKey {
  readonly batchId: string
  readonly jobId: string
}

/** Names one job, with its project. */
export interface ProjectJobKey extends JobKey {
  readonly projectId: string
}

/** Holds what a sink has against its receipts. Ends with its scope. */
export interface Audit {
  /**
   * Compares each receipt from the sink with the ledger, which has the same one, none, or another: of another revision,
   * or another number of bytes, as with other inputs. These jobs, and those of `besides`, count as checked.
   */
  readonly check: (
    found: ReadonlyArray<Receipt>,
    besides: ReadonlyArray<JobKey>
  ) => Effect.Effect<ReadonlyArray<"match" | "differs" | "unknown">, LedgerError>
  /** Jobs with a receipt of the sink that were not checked so far, in arrays. */
  readonly unchecked: Stream.Stream<ReadonlyArray<ProjectJobKey>, LedgerError>
}

/** The ledger could not be read or written. */
export class LedgerError extends TaggedError<LedgerError>()("LedgerError", {
  /**
   * - `locked`: another run has it open
   * - `newer`: written by a newer version of this software
   * - `damaged`: not a ledger, or its file is broken
   * - `unavailable`: the disk is full, read-only or gone
   */
  reason: Schema.Literals(["locked", "newer", "damaged", "unavailable"]),
  /** One sentence for people: what happened, where, and what to do. */
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return PlainText.message(`Ledger: ${this.detail}`)
  }
}

/**
 * Remembers what became of every job. Each call is atomic and durable when it returns. One run at a time may write:
 * acquiring the layer takes that place and fails with `locked` where another process has it.
 */
export class Ledger extends Context.Service<Ledger, {
  /** Starts a run and returns its number, greater than every earlier one. */
  readonly begin: Effect.Effect<number, LedgerError>
  /** Records the end of a run, at the current time, and its counts. */
  readonly end: (run: number, end: RunEnd) => Effect.Effect<void, LedgerError>
  /** All runs, the latest first, in arrays. */
  readonly runs: Stream.Stream<ReadonlyArray<Run>, LedgerError>
  /**
   * Compares a page of the listing with the entries, in its order, and records what is listed now. A job listed again in
   * the same run comes back as `repeated`. If ids of sinks are given, jobs may come back as `upToDate` in them without
   * their entries, which costs less. Such a sink was given the files of `attachments`. Default: `none`, any files.
   */
  readonly observe: (
    run: number,
    batch: BatchRef,
    page: ReadonlyArray<JobSummary>,
    sinks?: ReadonlyArray<string>,
    attachments?: AttachmentChoice
  ) => Effect.Effect<ReadonlyArray<Observation>, LedgerError>
  /** Records the outcomes atomically. */
  readonly record: (outcomes: ReadonlyArray<Outcome>) => Effect.Effect<void, LedgerError>
  /**
   * Makes one call of all those within: what they noted stays when the effect succeeds, and else nothing of it. Calls of
   * others that write wait meanwhile.
   */
  readonly transaction: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | LedgerError, R>
  /** Reads entries in order of batch and job id, in arrays. May run while the ledger is written to. */
  readonly entries: (filter: EntryFilter) => Stream.Stream<ReadonlyArray<LedgerEntry>, LedgerError>
  /** The entries of these jobs of a batch, in the order asked; null for a job never seen. */
  readonly find: (
    batch: BatchRef,
    jobIds: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<LedgerEntry | null>, LedgerError>
  /** Counts the jobs of a batch by stage. */
  readonly counts: (batch: BatchRef) => Effect.Effect<StageCounts, LedgerError>
  /** Starts an audit of one sink. Writes nothing that stays, also in a ledger that was opened for reading. */
  readonly audit: (sink: string) => Effect.Effect<Audit, LedgerError, Scope.Scope>
  /**
   * Records that a run has this sink open. Returns whether its receipts are known to be all that the sink committed:
   * false the first time, and until the run that had it open before has recorded `closed`.
   */
  readonly opened: (sink: string) => Effect.Effect<boolean, LedgerError>
  /** Records that the run which has this sink open has recorded a receipt of everything that the sink committed. */
  readonly closed: (sink: string) => Effect.Effect<void, LedgerError>
  /** Whether any receipt of this sink is on record. */
  readonly hasReceipts: (sink: string) => Effect.Effect<boolean, LedgerError>
  /** How many jobs have a receipt of this sink. Takes about 100 ms for a million. */
  readonly countReceipts: (sink: string) => Effect.Effect<number, LedgerError>
}>()("@labelstream/core/Ledger") {}

/** The transaction that a fiber is in. */
const Within = Context.Reference<object | undefined>("@labelstream/core/Ledger/Within", {
  defaultValue: () => undefined
})

/**
 * Makes the calls that write take turns, for a ledger with one connection: a call waits for the end of a transaction that
 * another fiber is in, and a transaction for the end of another one.
 */
export const takingTurns = (ledger: Ledger["Service"]): Ledger["Service"] => {
  const turns = Semaphore.makeUnsafe(1)
  let current: object | undefined
  const inTurn = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Within.use((within) => within !== undefined && within === current ? effect : turns.withPermit(effect))
  return {
    ...ledger,
    begin: inTurn(ledger.begin),
    end: (run, end) => inTurn(ledger.end(run, end)),
    observe: (run, batch, page, sinks, attachments) => inTurn(ledger.observe(run, batch, page, sinks, attachments)),
    record: (outcomes) => inTurn(ledger.record(outcomes)),
    opened: (sink) => inTurn(ledger.opened(sink)),
    closed: (sink) => inTurn(ledger.closed(sink)),
    transaction: (effect) =>
      inTurn(Effect.suspend(() => {
        const transaction = current = {}
        return Effect.ensuring(
          ledger.transaction(Effect.provideService(effect, Within, transaction)),
          Effect.sync(() => {
            current = undefined
          })
        )
      }))
  }
}
