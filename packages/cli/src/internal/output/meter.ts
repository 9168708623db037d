import type { Export, ExportReport } from "@labelstream/core"

/** Totals of an export over all its passes. They never go down. */
export interface Totals {
  /** Jobs that were fetched, whatever their outcome. */
  readonly jobs: number
  /** Jobs with an outcome: their rate says how long the rest takes. */
  readonly done: number
  readonly bytes: number
  /** Jobs whose result was compared with what the sinks hold. */
  readonly checked: number
}

export const noTotals: Totals = { jobs: 0, done: 0, bytes: 0, checked: 0 }

/** The totals after a further event. */
export const after = (totals: Totals, event: Export.JobEvent): Totals => {
  const { bytes, checked, done, jobs } = totals
  switch (event._tag) {
    case "Exported":
      return { jobs: jobs + 1, done: done + 1, bytes: bytes + event.bytes, checked: checked + 1 }
    case "Failed":
      return { ...totals, jobs: jobs + 1, done: done + 1 }
    case "StillFailed":
      return { ...totals, done: done + 1 }
    case "Unfinished":
      return { ...totals, done: done + event.jobIds.length }
    case "Unchanged": {
      const count = event.jobIds.length
      return { ...totals, done: done + count, checked: event.isFetched ? checked + count : checked }
    }
    default:
      return totals
  }
}

/** Rates per second, over the last seconds of an export. */
export type Rates = Pick<Totals, "jobs" | "done" | "bytes">

interface Sample extends Rates {
  readonly seconds: number
}

/** Seconds over which rates are taken: long enough to be calm, short enough to follow a change. */
const window = 10

/** Jobs of a batch that have an outcome. */
export const doneOf = (batch: ExportReport.BatchReport): number =>
  batch.exported + batch.unchanged + batch.unfinished + batch.failed

/** Adds up over all batches. */
export const sum = (report: ExportReport.ExportReport, of: (batch: ExportReport.BatchReport) => number): number =>
  report.batches.reduce((total, batch) => total + of(batch), 0)

/** Totals from the report of an export with one pass, without its events. */
export const totalsOf = (report: ExportReport.ExportReport): Rates => ({
  jobs: sum(report, ({ exported, failed }) => exported + failed),
  done: sum(report, doneOf),
  bytes: sum(report, (batch) => batch.bytes)
})

/** Measures how fast an export is now, from its successive totals. */
export class Meter {
  private samples: Array<Sample> = [{ seconds: 0, ...noTotals }]

  /** Records the totals at a number of seconds, and returns rates per second. */
  rates(seconds: number, totals: Rates): Rates {
    const now: Sample = { ...totals, seconds }
    this.samples.push(now)
    while (this.samples.length > 2 && (this.samples[1]?.seconds ?? 0) < seconds - window) this.samples.shift()
    const first = this.samples[0] ?? now
    const rate = (of: keyof Rates) => Math.max(0, (now[of] - first[of]) / Math.max(0.001, seconds - first.seconds))
    return { jobs: rate("jobs"), done: rate("done"), bytes: rate("bytes") }
  }
}
