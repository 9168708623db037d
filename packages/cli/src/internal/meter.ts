import type { ExportReport } from "@labelstream/core"

/** What the last seconds of an export came to. */
export interface Rates {
  /** Jobs that were fetched, with whatever end. */
  readonly jobs: number
  /** Jobs that came to any end: these tell how long the rest takes. */
  readonly done: number
  readonly bytes: number
}

interface Sample extends Rates {
  readonly seconds: number
}

/** Seconds over which rates are taken: long enough to be calm, short enough to follow a change. */
const window = 10

/** Jobs of a batch that have come to an end. */
export const doneOf = (batch: ExportReport.BatchReport): number =>
  batch.exported + batch.unchanged + batch.unfinished + batch.failed

/** Adds up over all batches. */
export const sum = (report: ExportReport.ExportReport, of: (batch: ExportReport.BatchReport) => number): number =>
  report.batches.reduce((total, batch) => total + of(batch), 0)

/** Tells how fast an export is now, from what its reports say one after the other. */
export class Meter {
  private samples: Array<Sample> = [{ seconds: 0, jobs: 0, done: 0, bytes: 0 }]

  /** Takes note of a report, and answers rates per second. */
  rates(report: ExportReport.ExportReport): Rates {
    const now: Sample = {
      seconds: report.seconds,
      jobs: sum(report, ({ exported, failed }) => exported + failed),
      done: sum(report, doneOf),
      bytes: sum(report, (batch) => batch.bytes)
    }
    this.samples.push(now)
    while (this.samples.length > 2 && (this.samples[1]?.seconds ?? 0) < now.seconds - window) this.samples.shift()
    const first = this.samples[0] ?? now
    const rate = (of: (sample: Sample) => number) =>
      Math.max(0, (of(now) - of(first)) / Math.max(0.001, now.seconds - first.seconds))
    return { jobs: rate(({ jobs }) => jobs), done: rate(({ done }) => done), bytes: rate((sample) => sample.bytes) }
  }
}
