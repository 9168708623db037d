/** What `inspect` of a database says of one job: that it is intact, or each table in which it is not as it was committed. */
import type { JobSink } from "@labelstream/core/sink"
import type { Key, Receipt } from "./DatabaseTables.ts"
import * as StoredId from "./StoredId.ts"

export class JobFaults {
  readonly found: Array<JobSink.Inspected> = []
  private readonly job: Key

  constructor(job: Key) {
    this.job = job
  }

  add(tag: "Missing" | "Modified", table: string, rest = ""): void {
    const { batch_id, job_id } = this.job
    const path = `${table}/${batch_id}/${job_id}${rest}`
    this.found.push({ _tag: tag, batchId: StoredId.decode(batch_id), jobId: StoredId.decode(job_id), path })
  }

  /** Compares how many rows there are with how many were committed. */
  count(table: string, found: number, expected: number): void {
    if (found !== expected) this.add(found === 0 ? "Missing" : "Modified", table)
  }

  /** Compares the hash of stored bytes, undefined if there are none, with that of the committed bytes. */
  hash(table: string, found: string | undefined, revision: string, rest?: string): void {
    if (found !== revision) this.add(found === undefined ? "Missing" : "Modified", table, rest)
  }
}

/** A job whose rows all exist, and its bytes as far as they were checked. */
export const intact = (job: Receipt & { readonly revision: string }, projectId: string): JobSink.Inspected => ({
  _tag: "Intact",
  projectId: StoredId.decode(projectId),
  receipt: {
    batchId: StoredId.decode(job.batch_id),
    jobId: StoredId.decode(job.job_id),
    revision: { document: job.revision, attachments: job.attachments_revision },
    bytes: job.bytes
  }
})
