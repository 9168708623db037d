/** What an export came to, as text for people: no command, since programs differ in how they are run again. */
import type { Branch } from "../JobSink.ts"
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

/** Batches, causes of failures, reasons, and names that are shown one by one. */
const [mostBatches, mostCauses, mostReasons, mostNames] = [20, 10, 4, 20]

const more = (all: number, shown: number, one: string, many?: string): ReadonlyArray<string> =>
  all > shown ? [`and ${counted(all - shown, `more ${one}`, many === undefined ? undefined : `more ${many}`)}`] : []

const some = (names: ReadonlyArray<string>): string => {
  const hidden = names.length - mostNames
  return names.slice(0, mostNames).map(onOneLine).join(", ") +
    (hidden > 0 ? `, and ${numbers.format(hidden)} more` : "")
}

const sum = (batches: ReadonlyArray<BatchReport>, of: (batch: BatchReport) => number): number =>
  batches.reduce((total, batch) => total + of(batch), 0)

/** See `ExportReport.describeCounts`. */
export const describeCounts = (batches: ReadonlyArray<BatchReport>): string => {
  const always = ["exported", "unchanged", "unfinished", "failed"] as const
  const shown = batches.some(({ remaining }) => remaining !== 0) ? [...always, "remaining"] as const : always
  const parts = shown.map((what) => `${numbers.format(sum(batches, (batch) => batch[what]))} ${what}`)
  return `${counted(sum(batches, ({ listed }) => listed), "job")} listed = ${parts.join(" + ")}`
}

/** See `ExportReport.describeBatch`. */
export const describeBatch = (batch: BatchReport): ReadonlyArray<string> => {
  const { changed, delisted, listingError, problemExample, problems, skipped, unknown, unknownExample } = batch
  return [
    `Batch ${onOneLine(batch.batchId)}: ${describeCounts([batch])}`,
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
    ...(notice === null ? [] : notice.split("\n").map((line) => `  ${onOneLine(line)}`))
  ]
}

/** Branches that are named. */
const mostBranches = 3

/** See `ExportReport.describeBranches`. */
export const describeBranches = (branches: ReadonlyArray<Branch>): string => {
  const named = branches.slice(0, mostBranches).map(({ holder, writer }) =>
    holder === null ? writer : `${writer} (${holder})`
  )
  const hidden = branches.length - named.length
  const names = named.join(", ") + (hidden === 0 ? "" : `, and ${numbers.format(hidden)} more`)
  return `Not published: jobs in ${counted(branches.length, "branch", "branches")} of other writers: ${
    onOneLine(names)
  }. ` +
    "Wait for these writers, or end one that hangs. Then run the export again"
}

const reasonLines = (what: string, one: string, counts: ExportReport["unsized"]): ReadonlyArray<string> => {
  if (counts.length === 0) return []
  const total = counts.reduce((all, { count }) => all + count, 0)
  const shown = [...counts].sort((a, b) => b.count - a.count).slice(0, mostReasons)
  const reasons = shown.map(({ count, reason }) => `${numbers.format(count)} ${onOneLine(reason)}`)
  return [`${what} ${counted(total, one)}: ${[...reasons, ...more(counts.length, mostReasons, "reason")].join(", ")}`]
}

/** See `ExportReport.describeInputs`. */
export const describeInputs = ({ unreachable, unsized }: ExportReport): ReadonlyArray<string> => [
  ...reasonLines("No size found for", "image", unsized),
  ...reasonLines("Could not fetch", "input", unreachable)
]

const verdict = (report: ExportReport): ReadonlyArray<string> => {
  const { batches, complete, limited, noMatch, notListed, seen, sinks, stopped } = report
  const [failed, remaining] = [sum(batches, (batch) => batch.failed), sum(batches, (batch) => batch.remaining)]
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
  const { batches, failures, sinks } = report
  const ofJobs = failures.filter(({ example }) => example.jobId !== null)
  return plain([
    ...batches.slice(0, mostBatches).flatMap(describeBatch),
    ...more(batches.length, mostBatches, "batch", "batches"),
    ...(ofJobs.length === 0 ? [] : ["Failed:", ...ofJobs.slice(0, mostCauses).flatMap(failureLines)]),
    ...more(ofJobs.length, mostCauses, "cause"),
    ...describeInputs(report),
    ...sinks.flatMap(describeSink),
    ...verdict(report)
  ].join("\n"))
}
