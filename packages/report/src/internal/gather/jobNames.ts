import type { JobName, Top } from "./summaryModel.ts"

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/** The order of jobs in every list, whatever order they come in. */
export const compareJobs = (a: JobName, b: JobName): number =>
  compare(a.batchId, b.batchId) || compare(a.jobId, b.jobId)

/** The first of many jobs. */
export class JobNames {
  private count = 0
  private top: Array<JobName> = []
  private readonly size: number

  constructor(size: number) {
    this.size = size
  }

  add(job: JobName): void {
    this.count++
    const last = this.top.at(-1)
    if (last !== undefined && this.top.length === this.size && compareJobs(job, last) > 0) return
    this.top = [...this.top, job].sort(compareJobs).slice(0, this.size)
  }

  result(): Top<JobName> {
    return { top: this.top, more: this.count - this.top.length }
  }
}
