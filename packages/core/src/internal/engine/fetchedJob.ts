import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BatchRef, JobSummary } from "../../Job.ts"
import type { JobEvent } from "../../JobEvent.ts"
import type { Unreachable } from "../../JobFetch.ts"
import type { JobRecord } from "../../JobSink.ts"
import type { JobFailure, LedgerEntry } from "../../Ledger.ts"
import type { Problem, ResultDocument } from "../../ResultDocument.ts"
import { isChanged } from "../../Selection.ts"
import type { Unsized } from "../../Sizes.ts"
import type { Delivery as SinkDelivery } from "./sinkRunner.ts"

/** A listed job that is to be fetched. */
export interface Task {
  readonly batch: BatchRef
  readonly summary: JobSummary
  readonly known: LedgerEntry | null
  /** `JobRecord.position`. */
  readonly position: number
}

/** A fetched job until every sink that needs it has settled it. */
export interface Job {
  readonly task: Task
  readonly record: Option.Option<JobRecord>
  /** Labels of its result, if the filter excludes the job. */
  skipped: ReadonlyArray<string> | undefined
  readonly scope: Scope.Closeable
  /** The sinks that get the job, and those of them that have settled it. */
  targets: number
  settled: number
  failure: JobFailure | undefined
  /** Problems in the rows of its document, as far as a sink has read them. */
  problems: number
  firstProblem: Problem | undefined
  /** Its images whose size was not found. */
  unsized: ReadonlyArray<Unsized>
  /** Its inputs that could not be fetched. */
  unreachable: ReadonlyArray<Unreachable>
}

/** One job on its way into one sink. */
export interface Delivery extends SinkDelivery {
  readonly job: Job
}

/** For a job that was just fetched. */
export const unsettled = {
  skipped: undefined,
  targets: 0,
  settled: 0,
  failure: undefined,
  problems: 0,
  firstProblem: undefined,
  unsized: [],
  unreachable: []
}

/** Returns the record. It records in the job the problems in its rows, however often a sink reads them. */
export const watched = (job: Job, record: JobRecord): JobRecord => {
  const { parsed } = record
  const rows: ResultDocument["rows"] = (ids) =>
    Stream.suspend(() => {
      let met = 0
      return Stream.map(parsed.rows(ids), (decoded) => {
        met += decoded.problems.length
        job.problems = Math.max(job.problems, met)
        job.firstProblem ??= decoded.problems[0]
        return decoded
      })
    })
  return { ...record, parsed: { ...parsed, rows } }
}

/** How often a job was tried, with the attempt that has just failed. */
export const attemptsOf = (known: LedgerEntry | null): number => (known?.attempts ?? 0) + 1

/** By how many bytes a record has more than a sink holds of its revision; undefined if the sink does not hold it. */
export const gain = (entry: LedgerEntry | null, sink: string, record: JobRecord): number | undefined => {
  const receipt = entry?.receipts.find((receipt) => receipt.sink === sink)
  return receipt === undefined || isChanged(receipt.revision, record.revision)
    ? undefined
    : sizeOf(record) - receipt.bytes
}

/** What became of a job that every sink has settled. */
export const endedEvent = (job: Job): JobEvent | undefined => {
  const { batch, known, summary: { id: jobId } } = job.task
  if (job.failure !== undefined) {
    return { _tag: "Failed", ...batch, jobId, error: job.failure, attempts: attemptsOf(known) }
  }
  if (Option.isNone(job.record)) return undefined
  const record = job.record.value
  const fields = [...record.summary.problems ?? [], ...record.result.problems ?? []]
  return {
    _tag: "Exported",
    ...batch,
    jobId,
    changed: known?.revision != null && isChanged(known.revision, record.revision),
    bytes: sizeOf(record),
    isUnknown: record.parsed.resultType === "unknown",
    problems: fields.length + job.problems,
    problem: fields[0] ?? job.firstProblem ?? null
  }
}

/** Bytes of a job: its document and all attachments. */
export const sizeOf = ({ attachments, document }: JobRecord): number =>
  attachments.reduce((sum, { content }) => sum + content.size, document.size)
