/**
 * The platform's words for work: batches of a project, jobs of a batch as the listing shows them, and what the job
 * endpoint answers. Decoding is tolerant of fields that are missing, null or new, and strict about ids and statuses.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const orNull = <S extends Schema.Constraint>(schema: S) =>
  Schema.NullOr(schema).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))

const Text = orNull(Schema.String)
const Count = orNull(Schema.Finite)
const Id = Schema.String.check(Schema.isNonEmpty({ message: "Expected a non-empty id" }))

/** Names one batch. The platform's ids are opaque strings: the documented examples are not all UUIDs. */
export interface BatchRef {
  readonly projectId: string
  readonly batchId: string
}

/** A batch as the details of its project show it (`GET /v1/projects/:id/details`, documented). */
export const BatchSummary = Schema.Struct({
  id: Id,
  name: Text,
  description: Text,
  isDefault: orNull(Schema.Boolean),
  totalJobs: Count,
  completedJobs: Count,
  totalFrames: Count,
  completedFrames: Count,
  annotations: Count,
  createdAt: Text,
  /** An open word; `Complete` is the only one documented. */
  status: Text
}).pipe(Schema.encodeKeys({
  isDefault: "is_default",
  totalJobs: "total_jobs",
  completedJobs: "completed_jobs",
  totalFrames: "total_frames",
  completedFrames: "completed_frames",
  createdAt: "created_at"
}))

export type BatchSummary = typeof BatchSummary.Type

/** A project and its batches. */
export const ProjectDetails = Schema.Struct({
  name: Text,
  /** Kind of media; `IMAGE` is the only one documented. */
  base: Text,
  batches: Schema.Array(BatchSummary)
})

export type ProjectDetails = typeof ProjectDetails.Type

/**
 * A job as the batch listing shows it (`GET /v1/projects/:id/batch/:id`, documented; `tag` and `priorityWeight` in the
 * v0 form only). Counts are the platform's own.
 */
export const JobSummary = Schema.Struct({
  id: Id,
  referenceId: Text,
  status: Schema.String,
  frames: Count,
  annotations: Count,
  tag: Text,
  priorityWeight: Count
}).pipe(Schema.encodeKeys({ referenceId: "reference_id", priorityWeight: "priority_weight" }))

export type JobSummary = typeof JobSummary.Type

/** What the job endpoint answers (`GET /v1/projects/:id/jobs/:id`, documented). */
export const JobResult = Schema.Struct({
  jobId: Text,
  referenceId: Text,
  batchId: Text,
  status: Schema.String,
  workFlowId: Text,
  tag: Text,
  priorityWeight: Count,
  /** Unsigned URL of the result document; null or empty while the job is in work. */
  result: Text
}).pipe(Schema.encodeKeys({
  jobId: "job_id",
  referenceId: "reference_id",
  batchId: "batch_id",
  workFlowId: "work_flow_id",
  priorityWeight: "priority_weight"
}))

export type JobResult = typeof JobResult.Type

/**
 * Whether a status word means that work is done: `completed` or `complete` in any case. Only `completed` (jobs),
 * `Complete` (batches) and `COMPLETED` (callbacks) are documented; every other word counts as unfinished.
 */
export const isFinished = (job: { readonly status: string }): boolean => {
  if (job.status === "completed") return true
  const status = job.status.toLowerCase()
  return status === "completed" || status === "complete"
}
