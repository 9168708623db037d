/**
 * Reads a job of the listing. One in the plain form that the platform sends is taken as it is, for a small part of
 * what its schema costs; everything else is the schema's to read or to refuse.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { JobSummary } from "../../Job.ts"
import { isObject } from "../document/exactJson.ts"
import { isInt32 } from "../document/int32.ts"
import { countOf, problemsOf, textOf } from "./descriptive.ts"

const decode = Schema.decodeUnknownResult(JobSummary)

const readers = {
  reference_id: textOf,
  frames: countOf,
  annotations: countOf,
  tag: textOf,
  priority_weight: countOf
}

/** The job, as `JobSummary` decodes it, and what could not be read of it. */
export const readJob = (item: unknown): Result.Result<JobSummary, Schema.SchemaError> => {
  const job = plainJob(item)
  if (job !== undefined) return Result.succeed(job)
  return Result.map(decode(item), (summary) => {
    const problems = problemsOf(Object(item), readers)
    return problems.length === 0 ? summary : { ...summary, problems }
  })
}

const plainJob = (item: unknown): JobSummary | undefined => {
  if (!isObject(item)) return undefined
  const { annotations, frames, id, priority_weight, reference_id, status, tag } = item as {
    readonly [Key in keyof typeof JobSummary.Encoded]?: unknown
  }
  if (typeof id !== "string" || id === "" || !id.isWellFormed()) return undefined
  if (typeof status !== "string" || !status.isWellFormed()) return undefined
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
const isText = (value: unknown): value is string | null | undefined =>
  value == null || typeof value === "string" && value.isWellFormed()

const isCount = (value: unknown): value is number | null | undefined =>
  value == null || typeof value === "number" && isInt32(value) && !Object.is(value, -0)
