/**
 * The sink contract: what a plugin that stores exported jobs promises to the engine, and what the engine promises to it.
 *
 * A run opens a sink once, hands it batches of records under tokens (`stage`, then `commit` or `abort`), and calls
 * `finish` at the end. Readers see nothing before its commit; an acknowledged commit is as durable as the capabilities say.
 * `inspect` reads back what is committed, for verification and to rebuild a lost ledger.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Content } from "./Content.ts"
import { TaggedError } from "./internal/taggedError.ts"
import type { JobResult, JobSummary } from "./Job.ts"
import * as PlainText from "./PlainText.ts"
import type { AttachmentRef, ResultDocument } from "./ResultDocument.ts"

/** One nested file of a job: what the result document says of it, and its bytes. */
export interface AttachmentRecord {
  readonly ref: AttachmentRef
  readonly content: Content
}

/**
 * One finished job with everything that was fetched for it. Records reach a sink as they finish, in no order. The contents
 * are valid until the record's batch has ended.
 */
export interface JobRecord {
  /**
   * The job's number in this run, as listed or replayed: a sink whose output depends on the order of jobs sorts each batch
   * by it. Says nothing of other runs, and is not stored.
   */
  readonly position: number
  /** The run that brings the job, as `jobs.load_id` has it: see `LoadId`. No part of the job's content. */
  readonly load: number
  /**
   * Orders what several processes store of one job: the record with the greater lease is the later one, whenever it arrives.
   * A process that was frozen still has its earlier lease when it continues. About microseconds since 1970. Default: the time
   * when the sink stores the record.
   */
  readonly lease?: number
  readonly projectId: string
  readonly batchId: string
  readonly jobId: string
  readonly summary: JobSummary
  readonly result: JobResult
  /** The result document's bytes, exactly as the storage sent them. */
  readonly document: Content
  /** The result document read: its type, the files that it names, its annotations as rows. */
  readonly parsed: ResultDocument
  /** Nested files in document order. Inputs are among them if they were asked for and could be fetched. */
  readonly attachments: ReadonlyArray<AttachmentRecord>
  /** Sizes of the job's inputs by `media_index`; none for those whose size is not known. */
  readonly sizes: ReadonlyMap<number, Size>
  /** What this job's content is identified by. */
  readonly revision: Revision
}

/** Pixels of an image as it is displayed: with an EXIF orientation of 5 to 8, width and height are swapped. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** Identifies the content of a job: the platform gives no other sign that a result changed. */
export interface Revision {
  /** sha256 of the result document, 64 lower-case hex digits. */
  readonly document: string
  /**
   * sha256 over the sha256 of every file of the result, such as a mask, in document order; `""` if none was fetched.
   * Inputs do not count: the same job with and without them has one revision.
   */
  readonly attachments: string
}

/** Names a batch of records between `stage` and `commit`; unique for its sink, forever. */
export type CommitToken = string

/** A sink's acknowledgement that a job is stored, with hashes to verify it against `inspect`. */
export interface Receipt {
  readonly batchId: string
  readonly jobId: string
  readonly revision: Revision
  /** Bytes stored for this job: the result document and its nested files. */
  readonly bytes: number
}

/** A record that a sink will not take, however often it is offered; the rest of its batch is not affected. */
export interface Rejection {
  readonly batchId: string
  readonly jobId: string
  readonly error: SinkError
}

/** What is damaged. Without a job it is a published file of many jobs, which the next `finish` restores from the store. */
export interface Damage {
  readonly batchId?: string
  readonly jobId?: string
  readonly path: string
}

/** What `inspect` found at one place. */
export type Inspected =
  /** A job whose every file or row is there and, at depth `content`, unchanged. */
  | { readonly _tag: "Intact"; readonly projectId: string; readonly receipt: Receipt }
  /** A committed or published file or row set that is missing. */
  | Damage & { readonly _tag: "Missing" }
  /** A file or row set whose bytes are not those that were committed or published. */
  | Damage & { readonly _tag: "Modified" }
  /** Something in the sink's own place that no commit put there. */
  | { readonly _tag: "Extra"; readonly path: string }
  /**
   * A file of a commit that was killed, or that another process is at: the next `open` finishes or removes it. Names the
   * job if the file is one that was stored before and that the commit replaces.
   */
  | { readonly _tag: "Leftover"; readonly path: string; readonly batchId?: string; readonly jobId?: string }

/** How closely `inspect` checks: `manifest` trusts the sink's own records, `content` reads and hashes everything. */
export type InspectDepth = "manifest" | "content"

/** What a sink can do. The engine keeps to it, and the conformance kit holds the sink to it. No field has a default here. */
export interface Capabilities {
  /**
   * `upsert`: the latest revision of a job replaces earlier ones. `append`: every stage adds, so that a changed job is there
   * twice, and no receipt of it can be compared.
   */
  readonly keying: "upsert" | "append"
  /**
   * `commit`: readers see whole batches after commit. `stage`: readers may see records earlier. `finish`: readers see what
   * is committed when `finish` has published it, and until then what an earlier `finish` has; needs `writers: "single"`.
   */
  readonly visibility: "commit" | "stage" | "finish"
  /** What an acknowledged commit survives: the end of the `process`, or a power cut too (`fsync`). */
  readonly durability: "process" | "fsync"
  /** Whether the same jobs give the same bytes, in any order and any batches. Rows are always the same. */
  readonly deterministic: boolean
  /** Whether `inspect` reads back what is stored: for `Verify`, for `Export.Options.repair`, and to rebuild a lost ledger. */
  readonly inspectable: boolean
  /**
   * `single`: one process at a time may write there. `many`: several may, each into its own branch, through
   * `JobSink.branches`, which exists exactly for `many`. `direct`: several processes may open the sink and write to the
   * target at once; each commit is visible at once, and the later commit of a job wins. Needs `keying: "upsert"` and
   * `visibility: "commit"`.
   */
  readonly writers: "single" | "many" | "direct"
  /** Most batches between `stage` and the end of `commit` at the same time, from 1. */
  readonly concurrentBatches: number
  readonly batch: {
    /** Most records in one batch, from 1. */
    readonly maxRecords: number
    /** A batch is closed when its documents and nested files reach this many bytes; more than 0. */
    readonly maxBytes: number
    /** Longest wait for a batch to fill, from its first record; 0 takes what is there. Numbers are milliseconds. */
    readonly maxAge: Duration.Input
  }
}

/** What a run reports to its sinks at the end. */
export interface RunEnd {
  /**
   * - `completed`: the run went over its whole input
   * - `partial`: it came to its end, but a limit or a batch that could not be listed kept it from a part of its input
   * - `stopped`: it was stopped, or failed, before its end
   */
  readonly outcome: "completed" | "partial" | "stopped"
}

/** A sink between `open` and the end of its scope. */
export interface OpenSink {
  /**
   * Takes one batch of records under a token; readers see nothing of it yet. Called up to `concurrentBatches` times at
   * once, with different tokens, and again with the same token and records after an `unavailable` failure. Returns the
   * records that it rejects; the others are staged.
   */
  readonly stage: (
    token: CommitToken,
    records: ReadonlyArray<JobRecord>
  ) => Effect.Effect<ReadonlyArray<Rejection>, SinkError>
  /** Publishes the batch of the token, and returns a receipt for each job. Twice is once. */
  readonly commit: (token: CommitToken) => Effect.Effect<ReadonlyArray<Receipt>, SinkError>
  /** Drops what was staged under the token. Safe at any time, twice too. */
  readonly abort: (token: CommitToken) => Effect.Effect<void, SinkError>
  /**
   * Ends a run: manifest, footers, marker for readers. Called once after the last commit, also of a run that stored
   * nothing, and again only if it failed. Returns a notice if readers must know something: a few lines for people, which
   * the report of the run shows.
   *
   * With `visibility: "finish"` it publishes what is committed, unless the run was stopped: whenever the publication is not
   * what the store and the options give, because of an earlier run that did not publish, or of damage that `inspect`
   * reports without a job. Killed at any moment and run again, it publishes exactly once.
   */
  readonly finish: (end: RunEnd) => Effect.Effect<string | void, SinkError>
}

/** A job as a sink holds it: everything that another sink needs to store it too. */
export interface StoredJob extends Omit<JobRecord, "position" | "load" | "lease" | "parsed" | "attachments"> {
  /** Nested files with their position in the document, `AttachmentRef.index`. */
  readonly attachments: ReadonlyArray<{ readonly index: number; readonly content: Content }>
}

/** What a merge has done. */
export interface Merged {
  /** Jobs that moved from branches into the target. */
  readonly merged: number
  /** Writers whose branch is open: its jobs stay there until a later merge. In order of names. */
  readonly stillOpen: ReadonlyArray<string>
}

/** The jobs that a writer has stored and no merge has published yet. */
export interface Branch {
  readonly writer: string
  /** The process that has the branch open, for people, such as `process 7 on host-a`; null if none has. */
  readonly holder: string | null
}

/**
 * How several processes write to one target at once: each into its own branch, which readers do not see, and which a
 * merge brings into the target. A job in a branch counts as stored from its commit on, for `inspect`, `replay` and the next
 * `open`, even if its writer has crashed. If the target and branches hold one job in different revisions, the one with the
 * greatest `JobRecord.lease` wins; without leases, the one stored last.
 */
export interface Branches {
  /**
   * Opens the branch of one writer. As with `open`, committed jobs are durable, and the call recovers from a crash of
   * an earlier writer of this name. Fails with `conflict` while another process has this branch open, and with
   * `misconfigured` for an invalid name: 1 to 64 of `a-z 0-9 -`, not starting with `-`. `finish` ends this writer's run
   * and publishes nothing.
   */
  readonly open: (writer: string) => Effect.Effect<OpenSink, SinkError, Scope.Scope>
  /**
   * Publishes the jobs of the branches, each job complete, and removes the branches that no process has open. Killed at
   * any moment and run again, it loses and duplicates nothing. Locks the target as `open` does, and fails with
   * `conflict` if that would. An export has ended when a merge returns no open branch.
   */
  readonly merge: Effect.Effect<Merged, SinkError>
  /** Returns the unpublished branches, in order of writers. Locks nothing, and changes nothing. */
  readonly list: Effect.Effect<ReadonlyArray<Branch>, SinkError>
  /**
   * Takes the branch away from a writer that is known to be gone. If the writer returns, its calls fail with
   * `conflict`. The next merge publishes what it had committed. Locks the target as `merge` does.
   */
  readonly takeOver: (writer: string) => Effect.Effect<void, SinkError>
  /**
   * Unlocks the target and its branches where a process that is known to be gone has locked them. Returns whether one had.
   * If the process returns, its calls fail with `conflict`. `gone` holds names as `Lock.identity` of `@labelstream/storage`
   * returns them: for sinks with those locks. Without it, such locks count as held for 2 minutes.
   */
  readonly unlock?: (gone: ReadonlySet<string>) => Effect.Effect<boolean, SinkError>
}

/** A sink with its options filled in. Describing it does nothing yet. */
export interface JobSink {
  /** The kind of sink, as in its package's name: `files`. */
  readonly name: string
  /** Version of the sink's own code. */
  readonly version: string
  /** Names the target, the same for every run on it: receipts are filed under it. No secret in it. */
  readonly id: string
  readonly capabilities: Capabilities
  /** Checks that the target is writable: permissions, space, existing content. Changes nothing. */
  readonly check: Effect.Effect<void, SinkError>
  /**
   * Recovers from an earlier crash, merges the branches that writers have left, and locks the target for this process.
   * Closed by its scope, however that ends.
   */
  readonly open: Effect.Effect<OpenSink, SinkError, Scope.Scope>
  /** For several processes at once, if `capabilities.writers` is `many`. */
  readonly branches?: Branches
  /** Reads back what is committed, without the network and without `open`. Empty where not inspectable. */
  readonly inspect: (depth: InspectDepth) => Stream.Stream<ReadonlyArray<Inspected>, SinkError>
  /**
   * Returns every committed job with its raw bytes, from a sink that keeps them. A sink that is added later is filled
   * from here instead of from the platform. Contents can be read until the stream ends; reading them fails if the bytes
   * no longer match the receipt.
   */
  readonly replay?: Stream.Stream<StoredJob, SinkError>
  /**
   * Returns how many jobs are committed, by the sink's own records and much faster than `inspect`. The engine compares it
   * with the ledger at each open, and inspects an inspectable sink without it instead.
   */
  readonly count?: Effect.Effect<number, SinkError>
}

/**
 * Why a sink failed.
 *
 * - `rejected`: this record can never be stored
 * - `unavailable`: the target cannot be reached or written now (disk full, locked, gone); a retry may succeed
 * - `conflict`: another process has the target open, or the files there are not this sink's
 * - `corrupt`: what was stored is damaged or of a newer version
 * - `misconfigured`: options, paths or permissions are wrong
 */
export const SinkErrorReason = Schema.Literals(["rejected", "unavailable", "conflict", "corrupt", "misconfigured"])

export type SinkErrorReason = typeof SinkErrorReason.Type

/** Whether a name is one that the writer of a branch may have. */
export const isWriterName = (name: string): boolean => /^[a-z0-9][a-z0-9-]{0,63}$/.test(name)

/** A sink failed at one step of its life. */
export class SinkError extends TaggedError<SinkError>()("SinkError", {
  /** `JobSink.name`. */
  sink: Schema.String,
  step: Schema.Literals(["check", "open", "stage", "commit", "abort", "finish", "close", "merge", "inspect"]),
  reason: SinkErrorReason,
  /** One sentence for people: what happened, to what, and what to do. */
  detail: Schema.String,
  batchId: Schema.optionalKey(Schema.String),
  jobId: Schema.optionalKey(Schema.String),
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return PlainText.message(`${this.sink} sink, ${this.step}: ${this.detail}`)
  }
  /** Whether the same step can succeed when it is tried again. */
  get isRetryable() {
    return this.reason === "unavailable"
  }
}
