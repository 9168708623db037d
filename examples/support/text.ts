/** What an example shows of an export: one line while it runs, a summary at its end. */
import type { Export, ExportReport, GtStudio } from "@labelstream/core"

const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 1 })

const bytes = (count: number): string => {
  const units = ["B", "kB", "MB", "GB", "TB"]
  const power = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log10(count) / 3))
  return `${numbers.format(count / 1000 ** power)} ${units[power]}`
}

const jobs = (count: number) => `${numbers.format(count)} ${count === 1 ? "job" : "jobs"}`

const sum = (report: ExportReport.ExportReport, of: (batch: ExportReport.BatchReport) => number) =>
  report.batches.reduce((total, batch) => total + of(batch), 0)

/** Ids and messages come from elsewhere: what would steer a terminal is shown as its code. */
export const plain = (text: string): string =>
  text.replaceAll(
    // oxlint-disable-next-line no-control-regex
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** One line of what goes on, no wider than `width` characters. */
export const progressLine = (report: ExportReport.ExportReport, activity: GtStudio.Activity, width: number): string => {
  const done = sum(report, ({ exported, failed, unchanged, unfinished }) => exported + failed + unchanged + unfinished)
  const exported = sum(report, (batch) => batch.exported)
  const failed = sum(report, (batch) => batch.failed)
  const seconds = Math.max(report.seconds, 0.001)
  return [
    `${numbers.format(done)} of ${jobs(sum(report, (batch) => batch.listed))} listed`,
    `${numbers.format(Math.round(exported / seconds))} jobs/s`,
    `${bytes(sum(report, (batch) => batch.bytes) / seconds)}/s`,
    `${report.inFlight} in flight`,
    ...(activity.retries === 0 ? [] : [`${numbers.format(activity.retries)} retries`]),
    ...(failed === 0 ? [] : [`${numbers.format(failed)} failed`])
  ].join(" · ").slice(0, width)
}

/** A line for what is worth one of its own while the export runs, or undefined. */
export const eventLine = (event: Export.JobEvent): string | undefined => {
  const job = plain(`job ${event.jobId} of batch ${event.batchId}`)
  if (event._tag === "Exported" && event.changed) return `Changed: ${job}`
  return event._tag === "Vanished" ? `No longer listed, and kept: ${job}` : undefined
}

/** Whether a run that went to its end left jobs without an end of their own, which no run may. */
export const isUnaccounted = (report: ExportReport.ExportReport): boolean =>
  !report.stopped && report.batches.some(({ left }) => left !== 0)

/** How a run ended: by itself (or by a stop, which the report tells), or because going on was useless. */
export interface End {
  readonly brokeOff: boolean
  /** Where everything stands, as the person named it. */
  readonly output: string
  /** What to type to go on. */
  readonly command: string
}

const batchLines = (batch: ExportReport.BatchReport): ReadonlyArray<string> => [
  `Batch ${batch.batchId}: ${
    jobs(batch.listed)
  } listed = ${batch.exported} exported + ${batch.unchanged} unchanged + ` +
  `${batch.unfinished} unfinished + ${batch.failed} failed${batch.left === 0 ? "" : ` + ${batch.left} left`}`,
  ...(batch.changed === 0 ? [] : [`  ${jobs(batch.changed)} had changed since they were stored`]),
  ...(batch.vanished === 0 ? [] : [`  ${jobs(batch.vanished)} stored earlier are no longer listed; they are kept`]),
  ...(batch.unknownExample === null ? [] : [
    `  ${jobs(batch.unknown)} with a result of unknown shape, such as ${batch.unknownExample}: stored as it came`
  ]),
  ...(batch.problemExample === null ? [] : [
    `  ${numbers.format(batch.problems)} ${batch.problems === 1 ? "annotation" : "annotations"} gave no row, such as ` +
    `${batch.problemExample.path} of job ${batch.problemExample.jobId}: ${batch.problemExample.reason}`
  ]),
  ...(batch.listingError === null ? [] : [`  The listing could not be read to its end: ${batch.listingError}`])
]

const failureLines = ({ cause, count, example, retryable }: ExportReport.FailureGroup): ReadonlyArray<string> => [
  `  ${count} × ${cause}, such as job ${example.jobId}`,
  `      ${example.message}`,
  retryable
    ? "      the same command tries again"
    : "      will not pass by itself: the same command leaves it as it is, LABELSTREAM_SELECT=retry tries again"
]

const lastLine = (report: ExportReport.ExportReport, { brokeOff, command, output }: End): string => {
  const goOn = `Everything stored in ${output} is whole. To go on from here, with the same settings: ${command}`
  if (brokeOff) return `Broken off before the end. ${goOn}`
  if (report.stopped) return `Stopped before the end. ${goOn}`
  if (isUnaccounted(report)) {
    return "These counts do not add up: jobs were listed, and it is not known what became of them. This is a fault in " +
      `Labelstream, please report it. To fetch what is missing, with the same settings: ${command}`
  }
  return report.complete
    ? `Complete: nothing is missing in ${output}`
    : `Not complete: see above. What was stored in ${output} is whole.`
}

/** What the export came to. */
export const summary = (report: ExportReport.ExportReport, activity: GtStudio.Activity, end: End): string => {
  const failures = report.failures.flatMap(failureLines)
  const seconds = Math.max(report.seconds, 0.001)
  const exported = sum(report, (batch) => batch.exported)
  return plain([
    ...report.batches.flatMap(batchLines),
    ...(failures.length === 0 ? [] : ["Failed:", ...failures]),
    ...report.sinks.flatMap(({ error }) => error === null ? [] : [`Stopped storing: ${error}`]),
    `${jobs(exported)} and ${bytes(sum(report, (batch) => batch.bytes))} in ${numbers.format(report.seconds)} s ` +
    `(${numbers.format(Math.round(exported / seconds))} jobs/s, ${numbers.format(activity.requests)} requests, ` +
    `${numbers.format(activity.retries)} retries)`,
    lastLine(report, end)
  ].join("\n"))
}
