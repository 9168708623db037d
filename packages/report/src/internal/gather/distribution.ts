import { compareJobs } from "./jobNames.ts"
import type { JobName, PerJob } from "./summaryModel.ts"

/** Beginnings of the bins: 0, 1, 2, then steps that a person reads at a glance, up to a million. */
const starts = [0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000]

/**
 * Annotations per job. Remembers each different count: `k` different counts need at least k^2/2 annotations, so a
 * million annotations have at most 1,414.
 */
export class Distribution {
  private readonly jobsWith = new Map<number, number>()
  private jobs = 0
  private sum = 0
  private max = 0
  private maxJob: JobName | null = null

  add(annotations: number, job: JobName): void {
    this.jobsWith.set(annotations, (this.jobsWith.get(annotations) ?? 0) + 1)
    this.jobs++
    this.sum += annotations
    const isFirst = this.maxJob === null || compareJobs(job, this.maxJob) < 0
    if (annotations < this.max || annotations === 0 || annotations === this.max && !isFirst) return
    this.max = annotations
    this.maxJob = job
  }

  result(): PerJob {
    const { jobs, max, maxJob, sum } = this
    const counts = Array.from(this.jobsWith).sort(([a], [b]) => a - b)
    const used = starts.filter((start) => start <= max)
    const first = used.findLastIndex((start) => counts[0] === undefined || start <= counts[0][0])
    const bins = used.slice(Math.max(0, first)).map((from, at, all) => {
      const to = all[at + 1] === undefined ? Math.max(from, max) : (all[at + 1] ?? 0) - 1
      const within = counts.filter(([count]) => count >= from && count <= to)
      return { from, to, jobs: within.reduce((total, [, jobs]) => total + jobs, 0) }
    })
    return { median: this.at(counts, jobs / 2), mean: jobs === 0 ? 0 : sum / jobs, max, maxJob, bins }
  }

  /** The smallest count that at least this many jobs do not exceed. */
  private at(counts: ReadonlyArray<readonly [count: number, jobs: number]>, jobs: number): number {
    let passed = 0
    for (const [count, with_] of counts) {
      passed += with_
      if (passed >= jobs) return count
    }
    return 0
  }
}
