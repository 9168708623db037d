/** How an export ended: its exit status, and the last lines of its summary, with what to type next. */
import type { ExportReport } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import { sum } from "./meter.ts"
import { count, jobs } from "./text.ts"

/** How a run ended, and what its user is told to do. */
export interface End {
  /** Whether it ended because going on was useless. */
  readonly brokeOff: boolean
  /** Where everything stands, as the person named it. */
  readonly where: string
  /** What to type to go on. */
  readonly again: string
  /** What to type to try again what will not pass by itself. */
  readonly retry: string
  /** Whether only failed jobs were asked for. */
  readonly isRetry: boolean
  /** Jobs that a refresh fetched again; absent where that is not known, or where it was none. */
  readonly checked?: number
}

/** Whether a run that went to its end left jobs without an end of their own, which no run may. */
export const isUnaccounted = (report: ExportReport.ExportReport): boolean =>
  !report.stopped && report.batches.some(({ remaining }) => remaining !== 0)

/**
 * 0: nothing is missing. 1: counts do not add up. 2: jobs failed, a listing broke off, or nothing is what was asked for.
 * 130: stopped by a signal.
 */
export const statusOf = (report: ExportReport.ExportReport): number =>
  report.stopped ? 130 : isUnaccounted(report) ? 1 : report.complete ? 0 : 2

/** Names that are shown of a list. */
const most = 20

const some = (names: ReadonlyArray<string>): string =>
  names.slice(0, most).map(onOneLine).join(", ") +
  (names.length > most ? ` and ${count(names.length - most)} more` : "")

/** What is lacking, in a few words. */
const reasonsOf = (report: ExportReport.ExportReport): string => {
  const failed = sum(report, (batch) => batch.failed)
  const unlisted = report.batches.filter(({ isListed, listingError }) => !isListed && listingError !== null).length
  const stopped = report.sinks.filter(({ error }) => error !== null).length
  const reasons = [
    ...(failed === 0 ? [] : [`${jobs(failed)} failed`]),
    ...(unlisted === 0 ? [] : [`${count(unlisted)} ${unlisted === 1 ? "listing" : "listings"} could not be read`]),
    ...(stopped === 0 ? [] : [`${count(stopped)} ${stopped === 1 ? "sink" : "sinks"} stopped storing`])
  ]
  return reasons.length === 0 ? "see above" : reasons.join(", ")
}

/** Why nothing was stored by a run that met no error; undefined where something was there to be stored. */
const nothingToStore = (report: ExportReport.ExportReport, { again, isRetry }: End): string | undefined => {
  const [listed, unfinished] = [sum(report, (batch) => batch.listed), sum(report, (batch) => batch.unfinished)]
  if (isRetry) return listed === 0 ? "No job is known as failed: nothing was to be tried again" : undefined
  if (report.limited || listed > unfinished) return undefined
  return listed === 0
    ? `Nothing to store: no job is listed. When there are some, run: ${again}`
    : `Nothing to store yet: no job is finished. When some are, run: ${again}`
}

const lastLine = (report: ExportReport.ExportReport, end: End): string => {
  const { again, brokeOff, isRetry, where } = end
  const goOn = `Everything stored in ${where} is whole. To go on from here, with the same settings: ${again}`
  if (brokeOff) return `Broken off before the end. ${goOn}`
  if (report.stopped) return `Stopped before the end. ${goOn}`
  if (isUnaccounted(report)) {
    return "These counts do not add up: jobs were listed, and it is not known what became of them. This is a fault in " +
      `Labelstream, please report it. To fetch what is missing, with the same settings: ${again}`
  }
  if (report.notListed.length > 0 && reasonsOf(report) === "see above") {
    return `Not complete: jobs that were named are not listed. Correct their ids or name their batch, then run: ${again}`
  }
  if (report.noMatch) {
    return `Nothing was stored in ${where}, because no job matches the filter. Correct it, then run: ${again}`
  }
  if (!report.complete) {
    return `Not complete: ${reasonsOf(report)}. What was stored in ${where} is whole. To try again: ${again}`
  }
  const nothing = nothingToStore(report, end)
  if (nothing !== undefined) return nothing
  if (report.limited) {
    return `Ended at the limit: there is more to fetch. To take the next jobs, with the same settings: ${again}`
  }
  if (isRetry) return `Complete: every job that had failed is stored in ${where}`
  return sum(report, (batch) => batch.skipped) === 0
    ? `Complete: nothing is missing in ${where}`
    : `Complete for what was asked: nothing of it is missing in ${where}`
}

/** What a run was asked for and did not find, what it left for later, and how it ended. */
export const lastLines = (report: ExportReport.ExportReport, end: End): ReadonlyArray<string> => {
  const unfinished = sum(report, (batch) => batch.unfinished)
  const { notListed, noMatch, seen } = report
  return [
    ...(end.checked === undefined ? [] : [
      `${jobs(end.checked)} fetched again, ${count(sum(report, (batch) => batch.changed))} of them changed`
    ]),
    ...(noMatch && notListed.length === 0 && seen.statuses.length > 0
      ? [`Statuses of the skipped jobs: ${some(seen.statuses)}`]
      : []),
    ...(noMatch && seen.labels.length > 0 ? [`Labels in the skipped results: ${some(seen.labels)}`] : []),
    ...(notListed.length > 0 ? [`Named and not listed: ${some(notListed)}`] : []),
    ...(report.complete && unfinished > 0
      ? [`${jobs(unfinished)} not finished yet: later runs take them once they are`]
      : []),
    lastLine(report, end)
  ]
}
