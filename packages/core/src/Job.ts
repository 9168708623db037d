/**
 * The platform's units of work: batches of a project, jobs of a batch as listed, and the responses of the job endpoint.
 * Decoding is strict about ids and statuses. Fields that only describe a job may be missing, null, new, or of another
 * type; an unreadable one is null.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { countOf, type FieldProblem, textOf, totalOf } from "./internal/client/descriptive.ts"

export type { FieldProblem } from "./internal/client/descriptive.ts"

const orNull = <S extends Schema.Constraint>(schema: S) =>
  Schema.NullOr(schema).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))

/** Anything, read leniently; absent as null. */
const lenient = <S extends Schema.Constraint>(type: S, read: (value: unknown) => S["Type"]) =>
  Schema.Unknown.pipe(
    Schema.decodeTo(
      Schema.toType(type),
      SchemaTransformation.transform({ decode: read, encode: (value): unknown => value })
    ),
    Schema.withDecodingDefaultKey(Effect.succeed(null))
  )

const Text = lenient(Schema.NullOr(Schema.String), textOf)
const Count = lenient(Schema.NullOr(Schema.Int), countOf)
const Total = lenient(Schema.NullOr(Schema.Int), totalOf)
const Flag = lenient(Schema.NullOr(Schema.Boolean), (value) => typeof value === "boolean" ? value : null)
const Id = Schema.String.check(Schema.isNonEmpty({ message: "Expected a non-empty id" }))
// UTF-8 has no form for half of a surrogate pair, so that no URL can name such a job.
const JobId = Id.check(Schema.makeFilter((id) => id.isWellFormed() || "Expected an id without half a character"))
const Word = Schema.String.pipe(
  Schema.decodeTo(
    Schema.String,
    SchemaTransformation.transform({
      decode: (text) => text.toWellFormed(),
      encode: (text) => text
    })
  )
)

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
  isDefault: Flag,
  totalJobs: Total,
  completedJobs: Total,
  totalFrames: Total,
  completedFrames: Total,
  annotations: Total,
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
  /** Null in place of an empty list is one. */
  batches: Schema.NullOr(Schema.Array(BatchSummary)).pipe(
    Schema.decodeTo(
      Schema.Array(Schema.toType(BatchSummary)),
      SchemaTransformation.transform({
        decode: (batches) => batches ?? [],
        encode: (batches) => batches
      })
    )
  )
})

export type ProjectDetails = typeof ProjectDetails.Type

/**
 * A job as the batch listing shows it (`GET /v1/projects/:id/batch/:id`, documented; `tag` and `priorityWeight` in the
 * v0 form only). Counts are the platform's own, within 32 bits.
 */
export const JobSummary = Schema.Struct({
  id: JobId,
  referenceId: Text,
  status: Word,
  frames: Count,
  annotations: Count,
  tag: Text,
  priorityWeight: Count
}).pipe(Schema.encodeKeys({ referenceId: "reference_id", priorityWeight: "priority_weight" }))

export type JobSummary = typeof JobSummary.Type & {
  /** Fields that could not be read as they were sent, if any: they are null, or hold U+FFFD for half a character. */
  readonly problems?: ReadonlyArray<FieldProblem>
}

/** The response of the job endpoint (`GET /v1/projects/:id/jobs/:id`, documented). */
export const JobResult = Schema.Struct({
  jobId: Text,
  referenceId: Text,
  batchId: Text,
  status: Word,
  workFlowId: Text,
  tag: Text,
  priorityWeight: Count,
  /** Unsigned URL of the result document; null or empty while the job is in progress. */
  result: orNull(Schema.String)
}).pipe(Schema.encodeKeys({
  jobId: "job_id",
  referenceId: "reference_id",
  batchId: "batch_id",
  workFlowId: "work_flow_id",
  priorityWeight: "priority_weight"
}))

export type JobResult = typeof JobResult.Type & {
  /** As in {@link JobSummary}. */
  readonly problems?: ReadonlyArray<FieldProblem>
}

/**
 * Whether a status word means that work is done: `completed` or `complete` in any case. Only `completed` (jobs),
 * `Complete` (batches) and `COMPLETED` (callbacks) are documented; every other word counts as unfinished.
 */
export const isFinished = (job: { readonly status: string }): boolean => {
  if (job.status === "completed") return true
  const status = job.status.toLowerCase()
  return status === "completed" || status === "complete"
}

/**
 * Which of the files that a result names are fetched with it. `none`: only the result document. `results`: what the
 * platform made (masks, point labels). `all`: input media too, which can be large and may not be the platform's to give.
 */
export type AttachmentChoice = "none" | "results" | "all"
