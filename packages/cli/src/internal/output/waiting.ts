/** Why an export waits, so that progress is never silent. Pure. */
import { ExportReport, type GtStudio } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import { about, counted, jobs } from "./text.ts"

interface View {
  readonly report: ExportReport.ExportReport
  readonly activity: GtStudio.Activity
  readonly now: number
  readonly quietMillis?: number
  readonly follows?: boolean
  readonly waitsFor?: string
}

/** Pauses of fewer milliseconds are over before anyone has read about them. */
export const worthTelling = 2000

/** Silence of fewer milliseconds needs no explanation. */
const longSilence = 5000

/** For how many milliseconds the API has asked to send nothing. */
export const pauseOf = ({ origins }: GtStudio.Activity): number =>
  origins.reduce((most, { pausedMillis }) => Math.max(most, pausedMillis), 0)

/** The sinks that have jobs to store while nothing else is in progress. */
const slowSinks = ({ report }: View): ReadonlyArray<string> =>
  ExportReport.inFlight(report) > 0 ? [] : report.sinks.flatMap(({ queued, sink }) =>
    queued === 0 ? [] : [`${sink} to store ${jobs(queued)}`]
  )

/** Whether sinks were filled from others, and nothing was fetched: then there is no rate to show, and no listing to wait for. */
export const isBackfill = ({ fetched, sinks }: ExportReport.ExportReport): boolean =>
  fetched === 0 && sinks.some(({ backfilled }) => backfilled > 0)

const isListing = ({ report }: View) =>
  !isBackfill(report) && report.batches.every(({ isListed, listed, skipped }) => !isListed && listed + skipped === 0)

const isFinishing = ({ report }: View) =>
  ExportReport.inFlight(report) === 0 &&
  report.batches.every(({ isListed, listingError, remaining }) => (isListed || listingError !== null) && remaining === 0)

/** What an export waits for, in one piece of text; none if it is busy. */
export const reasonToWait = (view: View): ReadonlyArray<string> => {
  const { activity, now, quietMillis = 0, waitsFor } = view
  if (waitsFor !== undefined) return [onOneLine(waitsFor)]
  const pause = pauseOf(activity)
  if (pause >= worthTelling) {
    const until = new Date(now + pause).toTimeString().slice(0, 8)
    return [`waiting until ${until} (${about(pause / 1000)}): GT Studio asked for a pause`]
  }
  if (activity.trouble !== undefined) return [`retrying: ${onOneLine(activity.trouble)}`]
  const slow = slowSinks(view)
  if (slow.length > 0) return [`waiting for ${onOneLine(slow.join(" and "))}`]
  if (quietMillis < longSilence) return []
  const since = about(quietMillis / 1000)
  const requests = activity.origins.reduce((all, { inFlight }) => all + inFlight, 0)
  if (requests > 0) return [`waiting ${since} for ${counted(requests, "response")}`]
  if (ExportReport.inFlight(view.report) > 0) return [`waiting ${since} for a turn to send a request`]
  const unfinished = view.report.batches.reduce((all, batch) => all + batch.unfinished, 0)
  if (view.follows === true && isFinishing(view) && unfinished > 0) return [`waiting for ${jobs(unfinished)} to be finished`]
  if (isListing(view)) return [`listing batches for ${since}`]
  return [isFinishing(view) ? `finishing for ${since}` : `nothing new for ${since}`]
}
