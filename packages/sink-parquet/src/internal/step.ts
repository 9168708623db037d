/** Runs file operations as an effect. */
import type { JobSink } from "@labelstream/core"
import { Failure } from "@labelstream/files"
import * as Effect from "effect/Effect"
import { toSinkError } from "./failure.ts"

/** Waits for the operation even when interrupted: nothing may still be written after the step has ended. */
export const attempt = <A>(where: Failure.Where, operation: () => Promise<A>): Effect.Effect<A, JobSink.SinkError> =>
  Effect.uninterruptible(Effect.tryPromise({ try: operation, catch: toSinkError(where) }))
