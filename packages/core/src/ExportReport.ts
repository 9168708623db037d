/** What an export has done: counts by batch, failures by cause, receipts by sink. A fold over the events of the run. */
import {
  type Added,
  type BatchReport,
  counted,
  emptyBatch,
  type FailureGroup,
  grouped,
  ofPass
} from "./internal/batchReport.ts"
import * as Text from "./internal/describe.ts"
import type { ExportReport, SeenValues, SinkReport } from "./internal/reportModel.ts"
import type { BatchRef } from "./Job.ts"
import type { JobEvent } from "./JobEvent.ts"
import type { Unreachable } from "./JobFetch.ts"
import type { Branch } from "./JobSink.ts"
import type { Unsized } from "./Sizes.ts"

export { type BatchReport, emptyBatch, type ExportReport, type FailureGroup, type SeenValues, type SinkReport }

/**
 * Returns the report as text for people: the counts of each batch, failures by cause with an example and whether a later run
 * tries again, what each sink stored, and whether anything is missing. Lines are bounded in number; what came from elsewhere
 * in them cannot steer a terminal. Names no command.
 *
 * @example
 * ```ts
 * import { Export, ExportReport } from "@labelstream/core"
 * import { Effect } from "effect"
 *
 * const printed = (options: Export.Options) =>
 *   Effect.map(Export.run(options), (report) => console.log(ExportReport.describe(report)))
 * ```
 */
export const describe = (report: ExportReport): string => Text.describe(report)

/** Returns the lines of {@link describe} about one batch. */
export const describeBatch = (batch: BatchReport): ReadonlyArray<string> => Text.describeBatch(batch)

/**
 * Returns the counts of these batches together, in the words of {@link describe}: `9 jobs listed = 8 exported + ...`.
 */
export const describeCounts = (batches: ReadonlyArray<BatchReport>): string => Text.describeCounts(batches)

/** Returns the lines of {@link describe} about images without a size and inputs that could not be fetched. */
export const describeInputs = (report: ExportReport): ReadonlyArray<string> => Text.describeInputs(report)

/** Describes unpublished branches: who has them open, and what to do. */
export const describeBranches = (branches: ReadonlyArray<Branch>): string => Text.describeBranches(branches)

/** Returns the lines of {@link describe} about one sink. */
export const describeSink = (sink: SinkReport): ReadonlyArray<string> => Text.describeSink(sink)

/** The report of a run before its first event: the start of the fold. */
export const empty: ExportReport = {
  complete: false,
  filter: "none",
  noMatch: false,
  seen: { statuses: [], labels: [] },
  notListed: [],
  limited: false,
  stopped: false,
  batches: [],
  failures: [],
  unsized: [],
  unreachable: [],
  sinks: [],
  begun: 0,
  fetched: 0,
  seconds: 0
}

/**
 * Returns the report after a further event. What only a running export knows is not in it: `SinkReport.queued` stays 0,
 * and `seconds` stays 0 until the run has ended.
 *
 * @example
 * ```ts
 * import { Export, ExportReport } from "@labelstream/core"
 * import * as Stream from "effect/Stream"
 *
 * const report = (options: Export.Options) =>
 *   Stream.runFold(Export.stream(options), () => ExportReport.empty, ExportReport.apply)
 * ```
 */
export const apply = (report: ExportReport, event: JobEvent): ExportReport => {
  switch (event._tag) {
    case "Started":
      return judged({
        ...empty,
        filter: event.filter,
        batches: event.batches.map(emptyBatch),
        sinks: event.sinks.map(({ id, sink, visibility }) => ({
          sink,
          id,
          stored: 0,
          backfilled: 0,
          bytes: 0,
          queued: 0,
          error: null,
          isPublished: visibility !== "finish",
          notice: null
        }))
      })
    case "PassStarted": {
      const batches = report.batches.map((batch): BatchReport => ({ ...batch, ...ofPass }))
      return judged({ ...report, failures: [], notListed: [], batches })
    }
    case "LimitReached":
      return judged({ ...report, limited: true })
    case "NotListed":
      return judged({ ...report, notListed: event.jobIds })
    case "Stopping":
      return { ...report, stopped: true }
    case "Ended":
      return { ...report, seconds: event.seconds }
    case "Listed":
      return inBatch(report, event, { found: event.count })
    case "Skipped": {
      const { labels, statuses } = report.seen
      const seen = { statuses: sampled(statuses, event.statuses), labels: sampled(labels, event.labels) }
      return inBatch({ ...report, seen }, event, { skipped: event.jobIds.length })
    }
    case "Unchanged":
      return inBatch(report, event, { [event.isExported ? "exported" : "unchanged"]: event.jobIds.length })
    case "Unfinished":
      return inBatch(report, event, { unfinished: event.jobIds.length })
    case "Failed":
    case "StillFailed":
      return inBatch(failing(report, event, event.jobId), event, { failed: 1 })
    case "Delisted":
      return inBatch(report, event, { delisted: event.jobIds.length })
    case "BatchListed":
      return inBatch(report, event, {}, () => ({ isListed: true }))
    case "BatchFailed":
      return inBatch(failing(report, event, null), event, {}, () => ({ listingError: event.error.message }))
    case "Fetching":
      return { ...report, begun: report.begun + 1 }
    case "Fetched":
      return { ...report, fetched: report.fetched + 1 }
    case "Exported": {
      const { bytes, changed, isUnknown, jobId, problem, problems } = event
      const more = { exported: 1, changed: changed ? 1 : 0, unknown: isUnknown ? 1 : 0, problems, bytes }
      return inBatch(report, event, more, ({ problemExample, unknownExample }) => ({
        unknownExample: unknownExample ?? (isUnknown ? jobId : null),
        problemExample: problemExample ?? (problem === null ? null : { jobId, ...problem })
      }))
    }
    case "Unsized":
      return { ...report, unsized: addReasons(report.unsized, event.unsized) }
    case "Unreachable":
      return { ...report, unreachable: addReasons(report.unreachable, event.unreachable) }
    case "Stored": {
      const { isBackfill, receipts } = event
      return withSink(report, event.sink, ({ backfilled, bytes, stored }) => ({
        stored: stored + receipts.length,
        backfilled: backfilled + (isBackfill ? receipts.length : 0),
        bytes: receipts.reduce((sum, receipt) => sum + receipt.bytes, bytes)
      }))
    }
    case "SinkFailed":
      return judged(withSink(report, event.sink, ({ error }) => ({ error: error ?? event.message })))
    case "SinkFinished":
      return judged(withSink(report, event.sink, ({ isPublished }) => ({
        isPublished: (isPublished || event.outcome !== "stopped") && event.unpublished.length === 0,
        notice: event.notice
      })))
  }
}

/** Returns the number of jobs that are being fetched. */
export const inFlight = ({ begun, fetched }: Pick<ExportReport, "begun" | "fetched">): number => begun - fetched

const inBatch = (
  report: ExportReport,
  ref: BatchRef,
  added: Added,
  more?: (batch: BatchReport) => Partial<BatchReport>
): ExportReport => judged({ ...report, batches: counted(report.batches, ref, added, more) })

const failing = (report: ExportReport, event: Parameters<typeof grouped>[1], jobId: string | null): ExportReport => ({
  ...report,
  failures: grouped(report.failures, event, jobId)
})

/** Returns counts of images or inputs by reason with further ones: at most 20 reasons, the last of which is `other`. */
export const addReasons = <A extends Unsized | Unreachable>(
  counts: ReadonlyArray<A>,
  more: ReadonlyArray<A>
): ReadonlyArray<A> => more.reduce(added, counts)

const added = <A extends Unsized | Unreachable>(counts: ReadonlyArray<A>, more: A): ReadonlyArray<A> => {
  const reason = counts.length < 19 || counts.some((known) => known.reason === more.reason) ? more.reason : "other"
  const at = counts.findIndex((known) => known.reason === reason)
  return at === -1
    ? [...counts, { ...more, reason }]
    : counts.with(at, { ...more, reason, count: counts[at]!.count + more.count })
}

const withSink = (
  report: ExportReport,
  id: string,
  change: (sink: SinkReport) => Partial<SinkReport>
): ExportReport => ({
  ...report,
  sinks: report.sinks.map((sink) => sink.id === id ? { ...sink, ...change(sink) } : sink)
})

/** The first distinct values of many: enough to see what a filter could have named. */
const sampled = (values: ReadonlyArray<string>, more: ReadonlyArray<string>): ReadonlyArray<string> =>
  more.length === 0 || values.length >= 20
    ? values
    : Array.from(new Set([...values, ...more.map((value) => value.slice(0, 100))])).slice(0, 20)

const judged = (report: ExportReport): ExportReport => {
  const { batches, filter, limited, notListed, sinks } = report
  const noMatch = filter !== "none" && matchedNothing(batches, filter === "result")
  const complete = isComplete({ batches, limited, noMatch, notListed, sinks })
  return noMatch === report.noMatch && complete === report.complete ? report : { ...report, noMatch, complete }
}

/** What {@link isComplete} reads of a report. */
export type Parts = Pick<ExportReport, "batches" | "limited" | "noMatch" | "notListed"> & {
  readonly sinks: ReadonlyArray<Pick<SinkReport, "error" | "isPublished">>
}

/** Returns `ExportReport.complete` for the other parts of a report. */
export const isComplete = ({ batches, limited, noMatch, notListed, sinks }: Parts): boolean =>
  !noMatch && notListed.length === 0 && sinks.every(({ error, isPublished }) => error === null && isPublished)
  && batches.every(({ failed, isListed, remaining, listingError }) =>
    (isListed || (limited && listingError === null)) && failed === 0 && remaining === 0
  )

/**
 * Returns `ExportReport.noMatch` for the counts of all batches. A filter of results says nothing of unfinished jobs: with
 * one (`byResult`), these do not count as matches.
 */
export const matchedNothing = (batches: ReadonlyArray<BatchReport>, byResult: boolean): boolean =>
  batches.some(({ skipped }) => skipped > 0)
  && batches.every(({ listed, unfinished }) => listed === (byResult ? unfinished : 0))
