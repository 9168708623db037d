/**
 * Adapts simple writers to the sink contract: a function that writes a batch, an Effect `Sink`, or one function per
 * table. A batch is written when it is staged, and its commit only acknowledges it. So such a sink declares little: it
 * appends, can be seen half written, and cannot take back an aborted batch.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type * as EffectSink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { AnnotationRow, AttachmentRow, JobRow, MediaRow } from "./AnnotationModel.ts"
import type { Content, ContentError } from "./Content.ts"
import {
  type Branches,
  type Capabilities,
  type CommitToken,
  type JobRecord,
  type JobSink,
  type OpenSink,
  type Receipt,
  type Rejection,
  SinkError
} from "./JobSink.ts"
import * as TableRows from "./TableRows.ts"

/**
 * The capabilities of a sink whose author declares none. A crash or a failure in the middle of a write can leave a part
 * of a batch, and the next run writes the batch again: every job arrives, some may arrive twice. Several processes may
 * write at once, each straight to the place, and there is nothing to merge: claim `writers: "single"` where the place does
 * not take that, such as a file that is written from its beginning, and refuse a second `open` with `conflict`.
 */
export const capabilities: Capabilities = {
  keying: "append",
  visibility: "stage",
  durability: "process",
  deterministic: false,
  inspectable: false,
  writers: "many",
  concurrentBatches: 1,
  batch: { maxRecords: 256, maxBytes: 32 * 1024 * 1024, maxAge: 100 }
}

/** Capabilities that differ from {@link capabilities}. The conformance suite checks each that you claim. */
export type Claims = Partial<Omit<Capabilities, "batch">> & { readonly batch?: Partial<Capabilities["batch"]> }

/** What every lifted sink says of itself. */
export interface Description {
  /** `JobSink.name`. */
  readonly name: string
  /** `JobSink.version`. Default: `1`. */
  readonly version?: string
  /** `JobSink.id`: names the place written to, without secrets. */
  readonly id: string
  readonly capabilities?: Claims
  /** Checks that the target is writable. Default: not checked before `open`. */
  readonly check?: Effect.Effect<void, SinkError>
  /** Reads back what is stored. Required if `inspectable` is claimed. */
  readonly inspect?: JobSink["inspect"]
}

/**
 * Writes one batch; when it returns, all of it is written. Returns the records that can never be written, if any, after
 * writing the others. Called one at a time, and again with the same records after an `unavailable` failure.
 */
export type Write = (records: ReadonlyArray<JobRecord>) => Effect.Effect<ReadonlyArray<Rejection> | void, SinkError>

/** A writer that also wants to know of the end of a run. */
export interface Writer {
  readonly write: Write
  readonly finish?: OpenSink["finish"]
}

/** What {@link fromWriter} takes. */
export interface WriterOptions extends Description {
  /** Opens the target and returns the function to write a batch. What it acquires is released when the run ends. */
  readonly open: Effect.Effect<Write | Writer, SinkError, Scope.Scope>
}

/**
 * Makes a sink of an `open` and one function that writes a batch.
 *
 * @example
 * ```ts
 * import { SimpleSink } from "@labelstream/core/sink"
 * import * as Effect from "effect/Effect"
 *
 * const sink = SimpleSink.fromWriter({
 *   name: "console",
 *   id: "console",
 *   open: Effect.succeed((records) => Effect.sync(() => records.forEach(({ jobId }) => console.log(jobId))))
 * })
 * ```
 */
export const fromWriter = (options: WriterOptions): JobSink => {
  const { check, id, inspect, name, open, version } = options
  const { batch, ...claims } = options.capabilities ?? {}
  const declared: Capabilities = { ...capabilities, ...claims, batch: { ...capabilities.batch, ...batch } }
  const opened = Effect.map(open, (writer) => session(name, typeof writer === "function" ? { write: writer } : writer))
  return {
    name,
    version: version ?? "1",
    id,
    capabilities: declared,
    check: check ?? Effect.void,
    open: opened,
    ...declared.writers === "many" ? { branches: { open: () => opened, ...noBranches } } : {},
    inspect: inspect ?? (() => Stream.empty)
  }
}

const noBranches: Omit<Branches, "open"> = {
  merge: Effect.succeed({ merged: 0, stillOpen: [] }),
  list: Effect.succeed([]),
  takeOver: () => Effect.void
}

/** What {@link fromEffectSink} takes. */
export interface EffectSinkOptions extends Description {
  /** Run once for each batch, over its records; when it is done, they are written. */
  readonly sink: EffectSink.Sink<unknown, JobRecord, unknown, SinkError>
}

/** Makes a sink of an Effect `Sink`, which is run again for each batch. */
export const fromEffectSink = ({ sink, ...options }: EffectSinkOptions): JobSink =>
  fromWriter({
    ...options,
    open: Effect.succeed((records) => Effect.asVoid(Stream.run(Stream.fromIterable(records), sink)))
  })

/** Writes rows of the tables of `AnnotationModel`; a table without a function is left out. */
export interface TableWriter {
  /** One row for each job, written after the rows of its other tables. */
  readonly jobs?: (rows: ReadonlyArray<JobRow>) => Effect.Effect<void, SinkError>
  /** Called with rows of one job at a time, in order, about a thousand at once. */
  readonly annotations?: (rows: ReadonlyArray<AnnotationRow>) => Effect.Effect<void, SinkError>
  readonly media?: (rows: ReadonlyArray<MediaRow>) => Effect.Effect<void, SinkError>
  readonly attachments?: (rows: ReadonlyArray<AttachmentRow>) => Effect.Effect<void, SinkError>
  readonly finish?: OpenSink["finish"]
}

/** What {@link fromTableWriter} takes. */
export interface TableWriterOptions extends Description {
  readonly open: Effect.Effect<TableWriter, SinkError, Scope.Scope>
}

/** Makes a sink of functions that write rows. The bytes of documents and nested files are not stored by it. */
export const fromTableWriter = ({ open, ...options }: TableWriterOptions): JobSink =>
  fromWriter({
    ...options,
    open: Effect.map(open, ({ annotations, attachments, finish, jobs, media }): Writer => ({
      write: Effect.fnUntraced(function*(records) {
        const rows: Array<JobRow> = []
        for (const record of records) {
          let count = 0
          yield* Stream.runForEach(record.parsed.rows(record), (decoded) => {
            count += decoded.rows.length
            return annotations === undefined || decoded.rows.length === 0 ? Effect.void : annotations(decoded.rows)
          }).pipe(
            Effect.catchTag("ContentError", (error) => Effect.fail(unreadable(options.name, record, error.message)))
          )
          const files = record.attachments.map((file) => TableRows.attachmentRow(record, file))
          if (media !== undefined) yield* Stream.runForEach(TableRows.mediaRows(record), media)
          if (attachments !== undefined && files.length > 0) yield* attachments(files)
          rows.push(TableRows.jobRow(record, count))
        }
        if (jobs !== undefined) yield* jobs(rows)
      }),
      ...finish === undefined ? {} : { finish }
    }))
  })

/** Tokens whose receipts are kept after their commit, for one that is asked for twice. */
const keptCommits = 4

const session = (name: string, { finish, write }: Writer): OpenSink => {
  const written = new Map<CommitToken, ReadonlyArray<Receipt>>()
  const committed = new Map<CommitToken, ReadonlyArray<Receipt>>()
  const oneAtATime = Semaphore.makeUnsafe(1)

  const stage = Effect.fnUntraced(function*(token: CommitToken, records: ReadonlyArray<JobRecord>) {
    if (written.has(token) || committed.has(token)) return []
    const rejections: Array<Rejection> = []
    for (const record of records) {
      const why = yield* whyUnreadable(record)
      const { batchId, jobId } = record
      if (why !== undefined) rejections.push({ batchId, jobId, error: unreadable(name, record, why) })
    }
    const isIn = (rejected: ReadonlyArray<Rejection>) => ({ batchId, jobId }: JobRecord) =>
      rejected.some((of) => of.batchId === batchId && of.jobId === jobId)
    const readable = rejections.length === 0 ? records : records.filter((record) => !isIn(rejections)(record))
    const refused = (readable.length === 0 ? undefined : yield* write(readable)) ?? []
    written.set(token, readable.filter((record) => !isIn(refused)(record)).map(TableRows.receiptOf))
    return [...rejections, ...refused]
  })

  return {
    stage: (token, records) => oneAtATime.withPermit(stage(token, records)),
    commit: (token) =>
      Effect.sync(() => {
        const receipts = written.get(token)
        if (receipts === undefined) return committed.get(token) ?? []
        written.delete(token)
        committed.set(token, receipts)
        for (const oldest of committed.keys()) {
          if (committed.size <= keptCommits) break
          committed.delete(oldest)
        }
        return receipts
      }),
    // Written records stay; they are only not acknowledged.
    abort: (token) =>
      Effect.sync(() => {
        written.delete(token)
        committed.delete(token)
      }),
    finish: finish ?? (() => Effect.void)
  }
}

const unreadable = (sink: string, { batchId, jobId }: JobRecord, detail: string): SinkError =>
  new SinkError({ sink, step: "stage", reason: "rejected", detail, batchId, jobId })

/**
 * Reads content that is not in memory before anything of the batch is written: halfway, a writer could no longer leave
 * out a record with unreadable bytes.
 */
const whyUnreadable = ({ attachments, document }: JobRecord): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    for (const content of [document, ...attachments.map((file) => file.content)]) {
      const size = content.bytes?.length ?? (yield* sizeOf(content))
      if (size !== content.size) return `the downloaded bytes are not the ${content.size} that were announced`
    }
    return undefined
  }).pipe(Effect.catch((error: ContentError) => Effect.succeed(error.message)))

const sizeOf = (content: Content) => Stream.runFold(content.stream, () => 0, (size, chunk) => size + chunk.length)
