/** What an export came to, on one screen. */
import type { Export, ExportReport, GtStudio } from "@labelstream/core"
import { onOneLine, plain } from "@labelstream/core/PlainText"
import { type End, lastLines } from "./ending.ts"
import { sum } from "./meter.ts"
import { bytes, count, jobs } from "./text.ts"

/** Lines for what is worth one of its own while the export runs. */
export const eventLines = (event: Export.JobEvent): ReadonlyArray<string> => {
  const lines = (what: string, jobIds: ReadonlyArray<string>, batchId: string) =>
    jobIds.map((jobId) => `${what}: ${onOneLine(`job ${jobId} of batch ${batchId}`)}`)
  if (event._tag === "Exported" && event.changed) return lines("Changed", [event.jobId], event.batchId)
  return event._tag === "Delisted" ? lines("No longer listed, and kept", event.jobIds, event.batchId) : []
}

/** Batches that are all shown, those that are shown of more, and causes that are. */
const [mostBatches, mostTroubled, mostCauses] = [6, 3, 4]
const longestMessage = 240

const balance = (of: (part: "listed" | "exported" | "unchanged" | "unfinished" | "failed" | "remaining") => number) =>
  `${jobs(of("listed"))} listed = ${of("exported")} exported + ${of("unchanged")} unchanged + ` +
  `${of("unfinished")} unfinished + ${of("failed")} failed${
    of("remaining") === 0 ? "" : ` + ${of("remaining")} remaining`
  }`

const batchLines = (batch: ExportReport.BatchReport): ReadonlyArray<string> => [
  `Batch ${onOneLine(batch.batchId)}: ${balance((part) => batch[part])}`,
  ...(batch.skipped === 0 ? [] : [`  ${jobs(batch.skipped)} skipped, since this run was not asked for them`]),
  ...(batch.changed === 0 ? [] : [`  ${jobs(batch.changed)} had changed since they were stored`]),
  ...(batch.delisted === 0 ? [] : [`  ${jobs(batch.delisted)} stored earlier are no longer listed; they are kept`]),
  ...(batch.unknownExample === null ? [] : [
    `  ${jobs(batch.unknown)} with a result of unknown shape, such as ${
      onOneLine(batch.unknownExample)
    }: stored as it came`
  ]),
  ...(batch.problemExample === null ? [] : [
    `  ${count(batch.problems)} ${batch.problems === 1 ? "value" : "values"} could not be read, such as ` +
    onOneLine(`${batch.problemExample.path} of job ${batch.problemExample.jobId}: ${batch.problemExample.reason}`)
  ]),
  ...(batch.listingError === null ? [] : [`  The listing could not be read to its end: ${batch.listingError}`])
]

const hasTrouble = (batch: ExportReport.BatchReport) =>
  batch.failed > 0 || batch.remaining > 0 || batch.listingError !== null

/** Each batch where there are few; else all together, and some of those in which something is missing. */
const allBatchLines = (report: ExportReport.ExportReport): ReadonlyArray<string> => {
  const { batches } = report
  if (batches.length <= mostBatches) return batches.flatMap(batchLines)
  const troubled = batches.filter(hasTrouble)
  const hidden = troubled.slice(mostTroubled).length
  return [
    `${count(batches.length)} batches: ${balance((part) => sum(report, (batch) => batch[part]))}`,
    ...troubled.slice(0, mostTroubled).flatMap(batchLines),
    ...(hidden === 0 ? [] : [`and ${count(hidden)} more batches in which something is missing: see labelstream status`])
  ]
}

const short = (text: string) => text.length <= longestMessage ? text : `${text.slice(0, longestMessage)}…`

const failureLines = (end: End) => ({ cause, count: times, example, retryable }: ExportReport.FailureGroup) => [
  `  ${count(times)} × ${cause}, such as ${
    onOneLine(example.jobId === null ? `the listing of batch ${example.batchId}` : `job ${example.jobId}`)
  }`,
  `      ${onOneLine(short(example.message))}`,
  retryable
    ? "      the same command tries again"
    : example.jobId === null
    ? "      will not pass by itself: check the ids of project and batch"
    : `      will not pass by itself: the same command leaves it as it is, ${end.retry} tries again`
]

/** Failed listings are told with their batches, where these are all shown. */
const allFailureLines = ({ batches, failures: all }: ExportReport.ExportReport, end: End): ReadonlyArray<string> => {
  const failures = batches.length <= mostBatches ? all.filter(({ example }) => example.jobId !== null) : all
  if (failures.length === 0) return []
  const shown = [...failures].sort((a, b) => b.count - a.count).slice(0, mostCauses)
  const hidden = failures.length - shown.length
  return [
    "Failed:",
    ...shown.flatMap(failureLines(end)),
    ...(hidden === 0 ? [] : [`  and ${hidden} more causes: see labelstream status`])
  ]
}

/** What there is of something for which reasons were counted, the commonest reasons first. */
const reasonLines = (
  what: string,
  one: string,
  counts: ExportReport.ExportReport["unsized"]
): ReadonlyArray<string> => {
  if (counts.length === 0) return []
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  const shown = [...counts].sort((a, b) => b.count - a.count).slice(0, mostCauses)
  const reasons = shown.map(({ count: times, reason }) => `${count(times)} ${onOneLine(reason)}`)
  const more = counts.length - shown.length
  return [
    `${what} ${count(total)} ${total === 1 ? one : `${one}s`}: ${reasons.join(", ")}${
      more === 0 ? "" : `, and ${more} more reasons`
    }`
  ]
}

/** A line for each sink but those that another sink was filled from, and that got nothing. */
const sinkLines = ({ sinks }: ExportReport.ExportReport): ReadonlyArray<string> => {
  const isBackfill = sinks.some(({ backfilled }) => backfilled > 0)
  return sinks.flatMap(({ backfilled, bytes: size, error, id, isPublished, notice, stored }) => {
    if (isBackfill && stored === 0 && error === null && isPublished && notice === null) return []
    const from = backfilled === 0 ? "" : `, ${backfilled === stored ? "all" : count(backfilled)} from another sink`
    return [
      `Stored ${jobs(stored)}, ${bytes(size)}${from}: ${onOneLine(id)}`,
      ...(error === null ? [] : [`  It stopped storing: ${onOneLine(error)}`]),
      ...(isPublished || error !== null ? [] : ["  Not published yet: the next run that comes to its end does it"]),
      ...(notice === null ? [] : [`  ${onOneLine(notice)}`])
    ]
  })
}

/** What the export came to. `activity` is what its requests came to, where that is known. */
export const summary = (
  report: ExportReport.ExportReport,
  activity: GtStudio.Activity | undefined,
  end: End
): string => {
  const seconds = Math.max(report.seconds, 0.001)
  const exported = sum(report, (batch) => batch.exported)
  return plain([
    ...allBatchLines(report),
    ...allFailureLines(report, end),
    ...reasonLines("No size found for", "image", report.unsized),
    ...reasonLines("Could not fetch", "input", report.unreachable),
    ...sinkLines(report),
    ...(exported === 0 && report.sinks.some(({ backfilled }) => backfilled > 0) ? [] : [
      `${jobs(exported)} and ${bytes(sum(report, (batch) => batch.bytes))} in ${count(report.seconds)} s ` +
      `(${count(Math.round(exported / seconds))} jobs/s${
        activity === undefined ? "" : `, ${count(activity.requests)} requests, ${count(activity.retries)} retries`
      })`
    ]),
    ...lastLines(report, end)
  ].join("\n"))
}
