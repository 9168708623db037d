/**
 * Reads a job of the listing. One in the plain form that the platform sends is taken as it is, for a small part of
 * what its schema costs; everything else is the schema's to read or to refuse.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { JobSummary } from "../Job.ts"

const decode = Schema.decodeUnknownResult(JobSummary)

/** The job, as `JobSummary` decodes it. */
export const readJob = (item: unknown): Result.Result<JobSummary, Schema.SchemaError> => {
  const job = plainJob(item)
  return job === undefined ? decode(item) : Result.succeed(job)
}

const plainJob = (item: unknown): JobSummary | undefined => {
  if (typeof item !== "object" || item === null || Array.isArray(item)) return undefined
  const { annotations, frames, id, priority_weight, reference_id, status, tag } = item as {
    readonly [Key in keyof typeof JobSummary.Encoded]?: unknown
  }
  if (typeof id !== "string" || id === "" || typeof status !== "string") return undefined
  if (!isText(reference_id) || !isCount(frames) || !isCount(annotations)) return undefined
  if (!isText(tag) || !isCount(priority_weight)) return undefined
  return {
    id,
    referenceId: reference_id ?? null,
    status,
    frames: frames ?? null,
    annotations: annotations ?? null,
    tag: tag ?? null,
    priorityWeight: priority_weight ?? null
  }
}

// JSON has no undefined: what reads as that is absent.
const isText = (value: unknown): value is string | null | undefined => value == null || typeof value === "string"

const isCount = (value: unknown): value is number | null | undefined => value == null || Number.isFinite(value)
