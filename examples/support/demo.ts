/**
 * Keeps simulated jobs and those of the real platform apart: a mark in an output says that its jobs are simulated. The
 * `labelstream` command refuses such an output as well.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** An output holds jobs of the other kind. */
export class MixedOutputError extends Schema.TaggedError<MixedOutputError>()("MixedOutputError", {
  message: Schema.String
}) {}

const markOf = (output: string) => join(output, ".labelstream", "simulated")

const isEmpty = (folder: string) => {
  try {
    return readdirSync(folder).length === 0
  } catch {
    // It is not there yet; what else is wrong with it, the sinks say.
    return true
  }
}

/** Marks an output as simulated. Fails where it holds anything that is not. */
export const forSimulated = (output: string): Effect.Effect<void, MixedOutputError> =>
  Effect.suspend(() => {
    const mark = markOf(output)
    if (existsSync(mark)) return Effect.void
    if (!isEmpty(output)) {
      return new MixedOutputError({
        message: `${output} holds data that is not simulated, and there is no GT_STUDIO_API_KEY: set the key, or ` +
          "LABELSTREAM_OUTPUT to another folder for simulated jobs"
      })
    }
    mkdirSync(join(output, ".labelstream"), { recursive: true })
    writeFileSync(
      mark,
      "The jobs in this folder are simulated. Remove the folder before you export real ones into it.\n"
    )
    return Effect.void
  })

/** Fails where an output holds simulated jobs. */
export const forReal = (output: string): Effect.Effect<void, MixedOutputError> =>
  existsSync(markOf(output))
    ? new MixedOutputError({
      message: `${output} holds simulated jobs: remove it, or set LABELSTREAM_OUTPUT to another folder`
    })
    : Effect.void
