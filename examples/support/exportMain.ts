/**
 * Runs an export as a program: settings from the environment, progress, a summary, and an exit status.
 *
 * 0: nothing is missing. 1: it could not run, or not to its end. 2: jobs failed or a listing broke off. 130: stopped by
 * a signal.
 */
import { ExportProgram } from "@labelstream/cli"
import type { Export, JobSink } from "@labelstream/core"
import { SqliteLedger } from "@labelstream/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { basename, relative } from "node:path"
import { connect } from "./platform.ts"
import { selection } from "./selection.ts"

/** The line that starts this program again. */
const command = () => {
  const program = process.argv[1] ?? ""
  return process.env["npm_lifecycle_event"] === undefined
    ? `node ${relative(process.cwd(), program)}`
    : `npm run example ${basename(program, ".ts")}`
}

/**
 * Exports the batches that the environment names into the sinks that `sinksAt` makes for the output folder. What
 * `afterwards` gives is shown below the summary of a run that went to its end.
 */
export const exportMain = async (
  sinksAt: (output: string) => ReadonlyArray<JobSink.JobSink>,
  afterwards?: (output: string) => Promise<string>,
  more: Pick<Export.Options, "attachments"> = {}
): Promise<void> => {
  const program = Effect.gen(function*() {
    const chosen = yield* selection
    const { batches, concurrency, ledger, note, output, platform } = yield* connect
    if (note !== undefined) yield* Effect.logInfo(note)
    const status = yield* Effect.scoped(ExportProgram.run({
      export: { ...chosen, ...more, batches, concurrency, sinks: sinksAt(output) },
      where: relative(process.cwd(), output) || ".",
      again: command(),
      retry: `LABELSTREAM_SELECT=retry ${command()}`
    })).pipe(
      Effect.provide(
        Layer.merge(platform, SqliteLedger.layer({ file: ledger }))
      )
    )
    if (afterwards !== undefined && status !== 130) {
      // What an export came to does not depend on whether a look at it succeeds.
      yield* Effect.tryPromise(() => afterwards(output)).pipe(
        Effect.map((text) => console.log(text)),
        Effect.catch(({ cause }) =>
          Effect.logError(`The query could not be run: ${cause instanceof Error ? cause.message : ""}`)
        )
      )
    }
    return status
  })
  process.exitCode = await program.pipe(
    Effect.scoped,
    Effect.catch((error) => Effect.as(Effect.logError(`The export could not run: ${error.message}`), 1)),
    Effect.provide(ExportProgram.layerLogs),
    Effect.runPromise
  )
}
