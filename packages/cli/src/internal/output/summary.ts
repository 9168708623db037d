/** The result of an export, on one screen. */
import { type Export, ExportReport, type GtStudio, Ledger } from "@labelstream/core"
import { onOneLine, plain } from "@labelstream/core/PlainText"
import { didYouMean } from "./didYouMean.ts"
import { type End, lastLines } from "./ending.ts"
import { sum } from "./meter.ts"
import { bytes, count, counted, jobs } from "./text.ts"

/** Lines for events that deserve their own while the export runs. */
export const eventLines = (event: Export.JobEvent): ReadonlyArray<string> => {
  const lines = (what: string, jobIds: ReadonlyArray<string>, batchId: string) =>
    jobIds.map((jobId) => `${what}: ${onOneLine(`job ${jobId} of batch ${batchId}`)}`)
  if (event._tag === "Exported" && event.changed) return lines("Changed", [event.jobId], event.batchId)
  return event._tag === "Delisted" ? lines("No longer listed, and kept", event.jobIds, event.batchId) : []
}

/** Batches that are all shown, those that are shown of more, and causes that are. */
const [mostBatches, mostTroubled, mostCauses] = [6, 3, 4]
const longestMessage = 240

const hasTrouble = (batch: ExportReport.BatchReport) =>
  batch.failed > 0 || batch.remaining > 0 || batch.listingError !== null

/** Each batch if there are few; else all together, and some of those in which something is missing. */
const allBatchLines = (report: ExportReport.ExportReport): ReadonlyArray<string> => {
  const { batches } = report
  if (batches.length <= mostBatches) return batches.flatMap(ExportReport.describeBatch)
  const troubled = batches.filter(hasTrouble)
  const hidden = troubled.slice(mostTroubled).length
  return [
    `${count(batches.length)} batches: ${ExportReport.describeCounts(batches)}`,
    ...troubled.slice(0, mostTroubled).flatMap(ExportReport.describeBatch),
    ...(hidden === 0 ? [] : [
      `and ${counted(hidden, "more batch", "more batches")} in which something is missing: see labelstream status`
    ])
  ]
}

/** Cuts a long message in its middle, because its subject is at the start and its reason at the end. */
const short = (text: string) =>
  text.length <= longestMessage
    ? text
    : `${text.slice(0, longestMessage / 2)}…${text.slice(-longestMessage / 2)}`.toWellFormed()

/** What a later run does about a failure, or what a person can do. */
const prospect = (end: End, failure: ExportReport.FailureGroup): string =>
  failure.example.jobId === null
    ? failure.retryable ? "The next run lists it again." : "Check the ids of the project and the batch."
    : `${Ledger.outlook(failure)}${failure.retryable ? "" : ` To retry, run: ${end.retry}`}`

const failureLines = (end: End) => (failure: ExportReport.FailureGroup) => {
  const { cause, count: times, example } = failure
  return [
    `  ${count(times)} × ${cause}, such as ${
      onOneLine(example.jobId === null ? `the listing of batch ${example.batchId}` : `job ${example.jobId}`)
    }`,
    `      ${onOneLine(short(example.message))}`,
    `      ${prospect(end, failure)}`
  ]
}

/** Failed listings are shown with their batches, if all of these are shown. */
const allFailureLines = ({ batches, failures: all }: ExportReport.ExportReport, end: End): ReadonlyArray<string> => {
  const failures = batches.length <= mostBatches ? all.filter(({ example }) => example.jobId !== null) : all
  if (failures.length === 0) return []
  const shown = [...failures].sort((a, b) => b.count - a.count).slice(0, mostCauses)
  const hidden = failures.length - shown.length
  return [
    "Failed:",
    ...shown.flatMap(failureLines(end)),
    ...(hidden === 0 ? [] : [`  and ${counted(hidden, "more cause")}: see labelstream status`])
  ]
}

/** Lines for each sink, except for those that got nothing while another was backfilled from them. */
const sinkLines = ({ sinks }: ExportReport.ExportReport): ReadonlyArray<string> => {
  const isBackfill = sinks.some(({ backfilled }) => backfilled > 0)
  return sinks.flatMap((sink) => {
    const { error, isPublished, notice, stored } = sink
    const isSource = isBackfill && stored === 0 && error === null && isPublished && notice === null
    return isSource ? [] : ExportReport.describeSink(sink)
  })
}

/** How much was fetched, how fast, and by how many requests. */
const totalsLine = (report: ExportReport.ExportReport, activity: GtStudio.Activity | undefined): string => {
  const exported = sum(report, (batch) => batch.exported)
  const backfilled = report.sinks.reduce((most, sink) => Math.max(most, sink.backfilled), 0)
  const fetched = exported === 0 ? [] : [`${jobs(exported)} and ${bytes(sum(report, (batch) => batch.bytes))} fetched`]
  const requests = activity === undefined || activity.requests === 0
    ? []
    : [`${counted(activity.requests, "request")}, ${counted(activity.retries, "retry", "retries")}`]
  const rate = exported === 0 ? [] : [`${count(Math.round(exported / Math.max(report.seconds, 0.001)))} jobs/s`]
  const inBrackets = [...rate, ...requests].join(", ")
  const what = [...fetched, ...(backfilled === 0 ? [] : [`${jobs(backfilled)} backfilled`])]
  return `${what.length === 0 ? "Nothing fetched" : what.join(", ")} in ${count(report.seconds)} s${
    inBrackets === "" ? "" : ` (${inBrackets})`
  }`
}

/** Suggests batches for a failed listing, if the batches of the project are known. */
const batchHints = ({ batches }: ExportReport.ExportReport, { batchIds = [] }: End): ReadonlyArray<string> =>
  batches.flatMap(({ batchId, listingError }) => {
    const meant = listingError === null || batchIds.includes(batchId) ? "" : didYouMean(batchId, batchIds)
    return meant === "" ? [] : [`The project has no batch ${onOneLine(batchId)}.${meant}`]
  })

/** Returns the summary of an export. `activity` is about its requests, if that is known. */
export const summary = (
  report: ExportReport.ExportReport,
  activity: GtStudio.Activity | undefined,
  end: End
): string =>
  plain([
    ...allBatchLines(report),
    ...batchHints(report, end),
    ...allFailureLines(report, end),
    ...ExportReport.describeInputs(report),
    ...sinkLines(report),
    totalsLine(report, activity),
    ...lastLines(report, end)
  ].join("\n"))
