/** What an export came to, as text for people: no command, since programs differ in how they are run again. */
import { outlook } from "../Ledger.ts"
import { onOneLine, plain } from "../PlainText.ts"
import type { BatchReport, FailureGroup } from "./batchReport.ts"
import type { ExportReport, SinkReport } from "./reportModel.ts"

const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 1 })

const counted = (value: number, one: string, many = `${one}s`) => `${numbers.format(value)} ${value === 1 ? one : many}`

const size = (bytes: number): string => {
  const units = ["B", "kB", "MB", "GB", "TB"]
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  return `${numbers.format(bytes / 1000 ** power)} ${units[power]}`
}

/** Batches, causes of failures, and names that are shown one by one. */
const [mostBatches, mostCauses, mostNames] = [20, 10, 20]

const more = (all: number, shown: number, one: string, many?: string): ReadonlyArray<string> =>
  all > shown ? [`and ${counted(all - shown, `more ${one}`, many === undefined ? undefined : `more ${many}`)}`] : []

const some = (names: ReadonlyArray<string>): string => {
  const hidden = names.length - mostNames
  return names.slice(0, mostNames).map(onOneLine).join(", ") +
    (hidden > 0 ? `, and ${numbers.format(hidden)} more` : "")
}

/** See `ExportReport.describeBatch`. */
export const describeBatch = (batch: BatchReport): ReadonlyArray<string> => {
  const { changed, delisted, exported, failed, listed, listingError, problemExample, problems, remaining } = batch
  const { skipped, unchanged, unfinished, unknown, unknownExample } = batch
  const part = (value: number, what: string) => `${numbers.format(value)} ${what}`
  const balance =
    `${counted(listed, "job")} listed = ${part(exported, "exported")} + ${part(unchanged, "unchanged")} + ` +
    `${part(unfinished, "unfinished")} + ${part(failed, "failed")}${
      remaining === 0 ? "" : ` + ${part(remaining, "remaining")}`
    }`
  return [
    `Batch ${onOneLine(batch.batchId)}: ${balance}`,
    ...(skipped === 0 ? [] : [`  ${counted(skipped, "job")} skipped: this run was not asked for them`]),
    ...(changed === 0 ? [] : [`  ${counted(changed, "job")} changed since the last export`]),
    ...(delisted === 0 ? [] : [
      `  ${counted(delisted, "job")} stored earlier ${delisted === 1 ? "is" : "are"} no longer listed, and kept`
    ]),
    ...(unknownExample === null ? [] : [
      `  ${counted(unknown, "job")} with a result of unknown shape, such as ${
        onOneLine(unknownExample)
      }: stored as received`
    ]),
    ...(problemExample === null ? [] : [
      `  ${counted(problems, "value")} could not be read, such as ` +
      onOneLine(`${problemExample.path} of job ${problemExample.jobId}: ${problemExample.reason}`)
    ]),
    ...(listingError === null ? [] : [`  The listing could not be read to its end: ${onOneLine(listingError)}`])
  ]
}

const failureLines = (failure: FailureGroup): ReadonlyArray<string> => [
  // The message names the job itself.
  `  ${numbers.format(failure.count)} × ${onOneLine(failure.cause)}, such as ${onOneLine(failure.example.message)}`,
  `    ${outlook(failure)}`
]

/** See `ExportReport.describeSink`. */
export const describeSink = (
  { backfilled, bytes, error, id, isPublished, notice, stored }: SinkReport
): ReadonlyArray<string> => {
  const isAll = backfilled > 0 && backfilled === stored
  const part = backfilled === 0 || isAll ? "" : `, ${numbers.format(backfilled)} of them from another sink`
  const from = isAll ? ", from another sink" : part
  return [
    `${isAll ? "Backfilled" : "Stored"} ${counted(stored, "job")}, ${size(bytes)}${from}: ${onOneLine(id)}`,
    ...(error === null ? [] : [`  It stopped storing: ${onOneLine(error)}`]),
    ...(isPublished || error !== null ? [] : ["  Not published yet: the next run that reaches its end publishes it"]),
    ...(notice === null ? [] : [`  ${onOneLine(notice)}`])
  ]
}

const reasonLines = (what: string, one: string, counts: ExportReport["unsized"]): ReadonlyArray<string> => {
  if (counts.length === 0) return []
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  const reasons = counts.map(({ count, reason }) => `${numbers.format(count)} ${onOneLine(reason)}`)
  return [`${what} ${counted(total, one)}: ${reasons.join(", ")}`]
}

const verdict = (report: ExportReport): ReadonlyArray<string> => {
  const { batches, complete, limited, noMatch, notListed, seen, sinks, stopped } = report
  const sum = (of: (batch: BatchReport) => number) => batches.reduce((total, batch) => total + of(batch), 0)
  const [failed, remaining] = [sum((batch) => batch.failed), sum((batch) => batch.remaining)]
  const unread = batches.filter(({ listingError }) => listingError !== null).length
  const broken = sinks.filter(({ error }) => error !== null).length
  const unpublished = sinks.filter(({ error, isPublished }) => error === null && !isPublished).length
  const reasons = [
    ...(stopped ? ["the run was stopped"] : []),
    ...(failed === 0 ? [] : [`${counted(failed, "job")} failed`]),
    ...(remaining === 0 ? [] : [`${counted(remaining, "job")} remaining`]),
    ...(unread === 0 ? [] : [`${counted(unread, "listing")} could not be read`]),
    ...(broken === 0 ? [] : [`${counted(broken, "sink")} stopped storing`]),
    ...(unpublished === 0 ? [] : [`${counted(unpublished, "sink")} not published`]),
    ...(notListed.length === 0 ? [] : [`jobs that were named are not listed (${some(notListed)})`]),
    ...(noMatch ? ["no job matches the filter"] : [])
  ]
  return [
    ...(noMatch && seen.statuses.length > 0 ? [`Statuses of the skipped jobs: ${some(seen.statuses)}`] : []),
    ...(noMatch && seen.labels.length > 0 ? [`Labels in the skipped results: ${some(seen.labels)}`] : []),
    ...(limited ? ["Ended at the limit: there is more to fetch."] : []),
    complete ? "Complete." : `Not complete${reasons.length === 0 ? "" : `: ${reasons.join(", ")}`}.`
  ]
}

/** See `ExportReport.describe`. */
export const describe = (report: ExportReport): string => {
  const { batches, failures, sinks, unreachable, unsized } = report
  const ofJobs = failures.filter(({ example }) => example.jobId !== null)
  return plain([
    ...batches.slice(0, mostBatches).flatMap(describeBatch),
    ...more(batches.length, mostBatches, "batch", "batches"),
    ...(ofJobs.length === 0 ? [] : ["Failed:", ...ofJobs.slice(0, mostCauses).flatMap(failureLines)]),
    ...more(ofJobs.length, mostCauses, "cause"),
    ...reasonLines("No size found for", "image", unsized),
    ...reasonLines("Could not fetch", "input", unreachable),
    ...sinks.flatMap(describeSink),
    ...verdict(report)
  ].join("\n"))
}
