/**
 * Turns what the system says into the sink's errors: one place decides what a code means and what a person should do.
 */
import { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { codeOf } from "./Fs.ts"

/** The step and the job of an error. */
export interface Where {
  readonly step: JobSink.SinkError["step"]
  readonly batchId?: string
  readonly jobId?: string
}

/** A failure that the sink itself found, with its sentence for people. */
export class Problem extends Error {
  readonly reason: JobSink.SinkErrorReason
  constructor(reason: JobSink.SinkErrorReason, detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.reason = reason
  }
}

/** Makes the error of the sink of this name out of anything thrown. */
export const toSinkError = (sinkName: string) => (where: Where) => (error: unknown): JobSink.SinkError => {
  if (error instanceof JobSink.SinkError) return error
  const { detail, reason } = error instanceof Problem ? { reason: error.reason, detail: error.message } : explain(error)
  return new JobSink.SinkError({ sink: sinkName, ...where, reason, detail, cause: error })
}

/** Runs file operations as an effect that fails with this error of a sink. */
export type Attempt = <A>(where: Where, operation: () => Promise<A>) => Effect.Effect<A, JobSink.SinkError>

/** Waits for the operation even when interrupted: nothing may still be written after the step has ended. */
export const attempt = (sinkName: string): Attempt => (where, operation) =>
  Effect.uninterruptible(Effect.tryPromise({ try: operation, catch: toSinkError(sinkName)(where) }))

/** For a file whose format has a higher version than this software knows. */
export const newer = (path: string): Problem =>
  new Problem("corrupt", `${path} was written by a newer version of this software: update and run again`)

const explain = (error: unknown): { readonly reason: JobSink.SinkErrorReason; readonly detail: string } => {
  const code = codeOf(error)
  const { dest, path } = error as { path?: unknown; dest?: unknown }
  const place = typeof dest === "string" ? dest : typeof path === "string" ? path : "the output folder"
  switch (code) {
    case "ENOSPC":
      return { reason: "unavailable", detail: `no space left for ${place}: free some and run again` }
    case "EDQUOT":
      return { reason: "unavailable", detail: `the disk quota is used up at ${place}: free some and run again` }
    case "EMFILE":
    case "ENFILE":
      return { reason: "unavailable", detail: `too many open files, at ${place}: raise the limit or run again` }
    case "ENOENT":
      return { reason: "unavailable", detail: `${place} is gone: was its folder moved, removed or unmounted?` }
    case "EROFS":
      return { reason: "misconfigured", detail: `${place} is on a read-only file system` }
    case "EACCES":
    case "EPERM":
      return { reason: "misconfigured", detail: `no permission to write ${place}` }
    case "ENOTDIR":
    case "EEXIST":
    case "EISDIR":
    case "ENOTEMPTY":
      return {
        reason: "misconfigured",
        detail: `something else is at ${place} or above it: move it away`
      }
    case "ELOOP":
      return { reason: "misconfigured", detail: `${place} is a symbolic link, or behind too many of them` }
    case "ENAMETOOLONG":
      return {
        reason: "misconfigured",
        detail: `the path ${place} is too long: choose an output folder nearer the root`
      }
    case "ERR_INVALID_ARG_VALUE":
      return { reason: "misconfigured", detail: "the output folder is not a path" }
    case "EFBIG":
      return { reason: "rejected", detail: `the file system does not take a file this large: ${place}` }
    default:
      return { reason: "unavailable", detail: `${code ?? "unexpected error"} at ${place}` }
  }
}
