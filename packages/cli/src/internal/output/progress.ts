/** What a person sees of a running export: a block of lines on a terminal, one line elsewhere. Pure. */
import { ExportReport, type GtStudio } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import { cut, line, pad, type Piece, widthOf } from "./columns.ts"
import { doneOf, type Rates, sum } from "./meter.ts"
import { isBackfill, pauseOf, reasonToWait, worthTelling } from "./waiting.ts"
import { about, bytes, count, counted, jobs } from "./text.ts"

/** Everything that is shown. */
export interface View {
  readonly report: ExportReport.ExportReport
  readonly activity: GtStudio.Activity
  readonly rates: Rates
  /** Jobs of each batch as the project's details count them, if they are known. */
  readonly totals: ReadonlyMap<string, number>
  /** When this was so, in milliseconds since 1970. */
  readonly now: number
  /** For how many milliseconds nothing has happened. Default: 0. */
  readonly quietMillis?: number
  /** Whether the export follows its batches: then it waits for unfinished jobs. Default: false. */
  readonly follows?: boolean
  /** Why the export waits. Default: found from the report and the activity. */
  readonly waitsFor?: string
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

const totalOf = (view: View, batch: ExportReport.BatchReport): number =>
  batch.isListed ? batch.listed : Math.max(batch.listed, (view.totals.get(batch.batchId) ?? 0) - batch.skipped)

/** Seconds until all is done at the present rate, or undefined if unknown. */
const secondsLeft = (view: View): number | undefined => {
  const { batches } = view.report
  if (pauseOf(view.activity) >= worthTelling) return undefined
  const isKnown = batches.every(({ batchId, isListed }) => isListed || view.totals.has(batchId))
  if (!isKnown || view.rates.done === 0) return undefined
  const left = batches.reduce((jobs, batch) => jobs + totalOf(view, batch) - doneOf(batch), 0)
  return left === 0 ? undefined : left / view.rates.done
}

/** A sink's name, with the end of its place if another sink has the same name. */
const sinkName = ({ id, sink }: ExportReport.SinkReport, all: ReadonlyArray<ExportReport.SinkReport>): string =>
  onOneLine(all.filter((other) => other.sink === sink).length > 1 ? `${sink}:${id.split("/").at(-1) ?? ""}` : sink)

/** How many jobs are fetched, stored, and waiting to be stored: for each sink if sinks differ. */
const stages = ({ report }: View): ReadonlyArray<Piece> => {
  const { fetched, sinks } = report
  const [stored, queued] = [sinks.map((sink) => sink.stored), sinks.map((sink) => sink.queued)]
  const most = Math.max(0, ...queued)
  if (isBackfill(report)) {
    const filled = sinks.filter(({ backfilled }) => backfilled > 0)
    return [{
      text: `backfilled: ${filled.map((sink) => `${count(sink.backfilled)} in ${sinkName(sink, sinks)}`).join(", ")}`
    }]
  }
  const isSame = new Set(stored).size <= 1
  const named = sinks.map((sink) => `${count(sink.stored)} in ${sinkName(sink, sinks)}`).join(", ")
  return [
    ...(fetched === 0 ? [] : [{ text: `${count(fetched)} fetched` }]),
    ...(fetched === 0 && stored.every((each) => each === 0)
      ? []
      : [{ text: isSame ? `${count(stored[0] ?? 0)} stored` : `stored: ${named}` }]),
    ...(most === 0 ? [] : [{ text: `${count(most)} to store` }])
  ]
}

const facts = (view: View): ReadonlyArray<Piece> => {
  const { activity, rates, report } = view
  const failed = sum(report, (batch) => batch.failed)
  const skipped = sum(report, (batch) => batch.skipped)
  const left = secondsLeft(view)
  const requests = activity.origins.reduce((all, { inFlight }) => all + inFlight, 0)
  const limit = activity.origins.reduce((all, { maxInFlight }) => all + maxInFlight, 0)
  const pace = activity.origins.flatMap(({ requestsPerSecond }) => requestsPerSecond ?? [])
  return [
    ...stages(view),
    ...(isBackfill(report) ? [] : [
      { text: `${count(Math.round(rates.jobs))} jobs/s` },
      { text: `${bytes(rates.bytes)}/s` }
    ]),
    ...(left === undefined ? [] : [{ text: `about ${about(left)} left` }]),
    // Without requests of its own, this process only watches.
    ...(activity.origins.length === 0 && ExportReport.inFlight(report) === 0
      ? []
      : [{ text: `${count(ExportReport.inFlight(report))} in flight` }]),
    ...(limit === 0 ? [] : [{ text: `${count(requests)} of at most ${counted(limit, "request")}` }]),
    ...(pace.length === 0 ? [] : [{ text: `at most ${count(Math.min(...pace))} requests/s` }]),
    ...(skipped === 0 ? [] : [{ text: `${count(skipped)} skipped` }]),
    ...(activity.retries === 0 ? [] : [
      { text: counted(activity.retries, "retry", "retries"), style: "yellow" as const }
    ]),
    ...(failed === 0 ? [] : [{ text: `${count(failed)} failed`, style: "red" as const }]),
    ...reasonToWait(view).map((text): Piece => ({ text, style: "yellow" }))
  ]
}

const separator = " · "

/** Splits text into parts that each fit on a line, at spaces. */
const broken = (piece: Piece, columns: number): ReadonlyArray<Piece> => {
  if (widthOf(piece.text) <= columns) return [piece]
  const parts: Array<string> = []
  for (const word of piece.text.split(" ")) {
    const longer = `${parts.at(-1) ?? ""} ${word}`
    if (parts.length > 0 && widthOf(longer) <= columns) parts[parts.length - 1] = longer
    else parts.push(word)
  }
  return parts.map((text) => ({ ...piece, text }))
}

/** Pieces on as many lines as they need; a single word that is too wide is cut. */
const wrapped = (pieces: ReadonlyArray<Piece>, columns: number, color: boolean): ReadonlyArray<string> => {
  const lines: Array<Array<Piece>> = [[]]
  let used = 0
  for (const piece of pieces.flatMap((each) => broken(each, columns))) {
    const last = lines.at(-1) ?? []
    const cells = widthOf(piece.text)
    if (last.length > 0 && used + separator.length + cells > columns) {
      lines.push([piece])
      used = cells
    } else {
      if (last.length > 0) last.push({ text: separator, style: "dim" })
      last.push(piece)
      used += (last.length > 1 ? separator.length : 0) + cells
    }
  }
  return lines.map((on) => line(on, columns, color))
}

const bar = (done: number, total: number, width: number): ReadonlyArray<Piece> => {
  const filled = total === 0 ? 0 : Math.min(width, Math.floor(width * done / total))
  return [{ text: "█".repeat(filled), style: "green" }, { text: "░".repeat(width - filled), style: "dim" }]
}

/** Least cells in which a bar says something, and most that it needs. */
const [shortestBar, longestBar] = [8, 40]

const countsOf = (view: View, batch: ExportReport.BatchReport) =>
  `${count(doneOf(batch))} of ${count(totalOf(view, batch))}${
    isOpen(batch) && !view.totals.has(batch.batchId) ? "+" : ""
  }`

const isOpen = (batch: ExportReport.BatchReport) => !batch.isListed && batch.listingError === null

const troubleOf = (batch: ExportReport.BatchReport) => {
  const failed = batch.failed === 0 ? "" : `  ${count(batch.failed)} failed`
  return batch.listingError === null ? failed : `${failed}  listing failed`
}

/** Cells of the columns, the same for every batch. */
interface Columns {
  readonly all: number
  readonly name: number
  readonly bar: number
}

const batchLine = (view: View, batch: ExportReport.BatchReport, widths: Columns, color: boolean) => {
  const done = doneOf(batch)
  const total = totalOf(view, batch)
  const share = total === 0
    ? (isOpen(batch) ? "  …%" : "100%")
    : `${String(Math.floor(100 * done / total)).padStart(3)}%`
  return line(
    [
      { text: pad(onOneLine(batch.batchId), widths.name) },
      { text: "  " },
      ...(widths.bar < shortestBar ? [] : [...bar(done, total, widths.bar), { text: " " }]),
      { text: share },
      { text: "  " },
      { text: countsOf(view, batch) },
      { text: troubleOf(batch), style: "red" }
    ],
    widths.all,
    color
  )
}

const columnsOf = (view: View, batches: ReadonlyArray<ExportReport.BatchReport>, all: number): Columns => {
  const widest = (of: (batch: ExportReport.BatchReport) => string) =>
    batches.reduce((most, batch) => Math.max(most, widthOf(of(batch))), 0)
  const name = Math.min(widest(({ batchId }) => onOneLine(batchId)), Math.max(8, Math.floor(all / 3)))
  // The name, the share of four cells, and the gaps between them take the rest of the line.
  const room = all - name - widest((batch) => `${countsOf(view, batch)}${troubleOf(batch)}`) - 10
  return { all, name, bar: Math.min(longestBar, room) }
}

/** The batches to show if there is no room for all: running ones first, then those with failures. */
const mostTelling = (batches: ReadonlyArray<ExportReport.BatchReport>, room: number) => {
  if (batches.length <= room) return batches
  const rank = (batch: ExportReport.BatchReport) =>
    batch.listed > 0 && (!batch.isListed || doneOf(batch) < batch.listed) ? 0 : batch.failed > 0 ? 1 : 2
  const chosen = new Set([...batches].sort((a, b) => rank(a) - rank(b)).slice(0, room))
  return batches.filter((batch) => chosen.has(batch))
}

/** The block: never wider nor higher than the terminal. */
export const block = (view: View, { columns, rows }: Size, color: boolean): ReadonlyArray<string> => {
  const { batches } = view.report
  const foot = wrapped(facts(view), columns, color)
  // One row stays free for the cursor.
  const room = Math.max(0, rows - 1 - foot.length)
  const shown = mostTelling(batches, batches.length <= room ? room : Math.max(0, room - 1))
  const hidden = batches.length - shown.length
  const widths = columnsOf(view, shown, columns)
  const done = sum(view.report, doneOf)
  const total = batches.reduce((all, batch) => all + totalOf(view, batch), 0)
  const others = `and ${hidden} more: ${count(done)} of ${jobs(total)} in all ${count(batches.length)} batches`
  return [
    ...shown.map((batch) => batchLine(view, batch, widths, color)),
    ...(hidden === 0 || room === 0 ? [] : [cut(others, columns)]),
    ...foot
  ].slice(-Math.max(1, rows - 1))
}

/** One line that says the same, for a log. */
export const oneLine = (view: View): string => {
  const { report } = view
  const total = report.batches.reduce((all, batch) => all + totalOf(view, batch), 0)
  const isListed = report.batches.every((batch) => batch.isListed)
  const done = `${count(sum(report, doneOf))} of ${jobs(total)}${isListed ? "" : " listed"}`
  // A conversion lists nothing before it has stored its jobs.
  return [...(total === 0 && !isListed ? [] : [done]), ...facts(view).map(({ text }) => text)].join(separator)
}
