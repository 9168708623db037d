/** Where a sample comes from, under the names of `samples.csv`. */
import type { Sample } from "../../Sample.ts"

/** The job and the frame of a sample. */
export const originOf = ({ frame, job }: Sample) => ({
  batch_id: job.batchId,
  job_id: job.jobId,
  reference_id: job.referenceId,
  frame_id: frame?.id ?? null,
  frame_index: frame?.index ?? null
})

/** The members that are not null. */
export const present = (members: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null))
