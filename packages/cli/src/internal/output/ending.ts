/** How an export ended: its exit status, and the last lines of its summary, with what to type next. */
import type { ExportReport } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import { didYouMean } from "./didYouMean.ts"
import { sum } from "./meter.ts"
import { count, counted, jobs } from "./text.ts"

/** How a run ended, and what its user can do. */
export interface End {
  /** Whether it ended early because of a failure. */
  readonly brokeOff: boolean
  /** The sinks' targets, as the user named them. */
  readonly where: string
  /** The command that resumes. */
  readonly again: string
  /** The command that retries failed jobs that a normal run skips. */
  readonly retry: string
  /** Whether only failed jobs were asked for. */
  readonly isRetry: boolean
  /** The statuses and labels that the filters name. Default: none. */
  readonly asked?: { readonly statuses: ReadonlyArray<string>; readonly labels: ReadonlyArray<string> }
  /** The batches of the project, if a named batch does not exist. Default: none. */
  readonly batchIds?: ReadonlyArray<string>
  /** Jobs that a refresh fetched again. Absent if unknown, or if the run is not a refresh. */
  readonly checked?: number
}

/** Whether a run that was not stopped left jobs without an outcome, which is a bug. */
export const isUnaccounted = (report: ExportReport.ExportReport): boolean =>
  !report.stopped && report.batches.some(({ remaining }) => remaining !== 0)

/**
 * 0: nothing is missing. 1: counts do not add up. 2: jobs failed, a listing was interrupted, or no job matches the
 * filter. 130: stopped by a signal.
 */
export const statusOf = (report: ExportReport.ExportReport): number =>
  report.stopped ? 130 : isUnaccounted(report) ? 1 : report.complete ? 0 : 2

/** Names that are shown of a list. */
const most = 20

const some = (names: ReadonlyArray<string>): string =>
  names.slice(0, most).map(onOneLine).join(", ") +
  (names.length > most ? ` and ${count(names.length - most)} more` : "")

const unpublishedSinks = ({ sinks }: ExportReport.ExportReport): number =>
  sinks.filter(({ error, isPublished }) => error === null && !isPublished).length

/** What is missing, in a few words. */
const reasonsOf = (report: ExportReport.ExportReport): string => {
  const failed = sum(report, (batch) => batch.failed)
  const unlisted = report.batches.filter(({ isListed, listingError }) => !isListed && listingError !== null).length
  const stopped = report.sinks.filter(({ error }) => error !== null).length
  const unpublished = unpublishedSinks(report)
  const reasons = [
    ...(failed === 0 ? [] : [`${jobs(failed)} failed`]),
    ...(unlisted === 0 ? [] : [`${counted(unlisted, "listing")} could not be read`]),
    ...(stopped === 0 ? [] : [`${counted(stopped, "sink")} stopped storing`]),
    ...(unpublished === 0 ? [] : [`${counted(unpublished, "sink")} not published`])
  ]
  return reasons.length === 0 ? "see above" : reasons.join(", ")
}

/** Why a run without an error stored nothing; undefined if there was something to store. */
const nothingToStore = (report: ExportReport.ExportReport, { again, isRetry }: End): string | undefined => {
  const [listed, unfinished] = [sum(report, (batch) => batch.listed), sum(report, (batch) => batch.unfinished)]
  if (isRetry) return listed === 0 ? "No failed jobs to retry" : undefined
  if (report.limited || listed > unfinished) return undefined
  return listed === 0
    ? `Nothing to store: no job is listed. Once there are some, run: ${again}`
    : `Nothing to store yet: no job is finished. Once some are, run: ${again}`
}

/** The command that can fetch what is missing: the same command, if a later run retries something. */
const nextStep = (report: ExportReport.ExportReport, { again, retry }: End): string => {
  const isHopeless = report.failures.every(({ retryable }) => !retryable) &&
    report.sinks.every(({ error }) => error === null) && unpublishedSinks(report) === 0
  if (!isHopeless) return `To try again, run: ${again}`
  return report.failures.some(({ example }) => example.jobId !== null)
    ? `To retry the failed jobs, run: ${retry}`
    : `Correct the ids, then run: ${again}`
}

/** What a filter names and no skipped job has, with a name that it may mean. */
const misspelled = (what: string, asked: ReadonlyArray<string>, seen: ReadonlyArray<string>): ReadonlyArray<string> =>
  asked.flatMap((word) => {
    const meant = didYouMean(word, seen)
    return meant === "" ? [] : [`No job has the ${what} ${onOneLine(word)}.${meant}`]
  })

const lastLine = (report: ExportReport.ExportReport, end: End): string => {
  const { again, brokeOff, isRetry, where } = end
  const goOn = `Everything stored in ${where} is complete. To resume, run: ${again}`
  if (brokeOff) return `Ended early. ${goOn}`
  if (report.stopped) return `Stopped before the end. ${goOn}`
  if (isUnaccounted(report)) {
    return "These counts do not add up: some listed jobs have no outcome. This is a bug in Labelstream; please report it. " +
      `To fetch what is missing, run: ${again}`
  }
  if (report.notListed.length > 0 && reasonsOf(report) === "see above") {
    return `Not complete: no batch lists some of the named jobs. Correct their ids or name their batch, then run: ${again}`
  }
  if (report.noMatch) {
    return `Nothing was stored in ${where}, because no job matches the filter. Correct it, then run: ${again}`
  }
  if (!report.complete) {
    return `Not complete: ${reasonsOf(report)}. Everything stored in ${where} is complete. ${nextStep(report, end)}`
  }
  const nothing = nothingToStore(report, end)
  if (nothing !== undefined) return nothing
  if (report.limited) {
    return `Reached the limit: there is more to fetch. To fetch the next jobs, run: ${again}`
  }
  if (isRetry) return `Complete: every failed job is now stored in ${where}`
  return sum(report, (batch) => batch.skipped) === 0
    ? `Complete: nothing is missing in ${where}`
    : `Complete for this selection: nothing is missing in ${where}`
}

/** What a run was asked for and did not find, what it left for later, and how it ended. */
export const lastLines = (report: ExportReport.ExportReport, end: End): ReadonlyArray<string> => {
  const unfinished = sum(report, (batch) => batch.unfinished)
  const { notListed, noMatch, seen } = report
  const labels = seen.labels.filter((label) => label !== "")
  return [
    ...(end.checked === undefined ? [] : [
      `${jobs(end.checked)} fetched again, ${count(sum(report, (batch) => batch.changed))} of them changed`
    ]),
    ...(noMatch && notListed.length === 0 && seen.statuses.length > 0
      ? [`Statuses of the skipped jobs: ${some(seen.statuses)}`]
      : []),
    ...(noMatch && labels.length > 0 ? [`Labels in the skipped results: ${some(labels)}`] : []),
    ...(noMatch
      ? [
        ...misspelled("status", end.asked?.statuses ?? [], seen.statuses),
        ...misspelled("label", end.asked?.labels ?? [], seen.labels)
      ]
      : []),
    ...(notListed.length > 0 ? [`Named and not listed: ${some(notListed)}`] : []),
    ...(report.complete && unfinished > 0
      ? [`${jobs(unfinished)} not finished yet: a later run exports them`]
      : []),
    lastLine(report, end)
  ]
}
