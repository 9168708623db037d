/** Exports jobs from a simulated GT Studio, with progress, a summary, and an exit status, as the command does. */
import { ExportProgram } from "@labelstream/cli"
import { type Export, GtStudio, type JobSink } from "@labelstream/core"
import { NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import { Fault, type Scenario, Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** The folder of all simulated jobs. */
const output = "demo"
/** `labelstream export` refuses an output that has this file. */
const mark = join(output, ".labelstream", "simulated")

export interface Options {
  readonly batch: Scenario.BatchOptions
  readonly sink: JobSink.JobSink
  /** The sink as the command's `--to` names it. */
  readonly to: string
  /** The line that starts this program again. */
  readonly again: string
  readonly attachments?: Export.Options["attachments"]
  /** Says what to do next, after a run that went to its end. */
  readonly next?: () => string | Promise<string>
}

/** Exports a batch of a simulated GT Studio. Everything is where `labelstream export` puts it. */
export const exportSimulated = async ({ again, attachments, batch, next, sink, to }: Options): Promise<void> => {
  const program = Effect.gen(function*() {
    if (existsSync(output) && readdirSync(output).length > 0 && !existsSync(mark)) {
      yield* Effect.logError(`The folder ${output} holds other data. Run this in a folder without it.`)
      return 1
    }
    mkdirSync(join(output, ".labelstream"), { recursive: true })
    writeFileSync(
      mark,
      "The jobs in this folder are simulated. Remove the folder before you export real ones into it.\n"
    )

    const faults = Fault.transient(0.01, { withoutStalls: true })
    const { apiKey, apiUrl, batches, projectId } = yield* Simulator.start({ batches: [batch], latency: 5, faults })
    yield* Effect.logInfo(`Exporting from a simulated GT Studio at ${apiUrl}`)
    const platform = GtStudio.layer({ apiKey: Redacted.make(apiKey), baseUrl: apiUrl }).pipe(
      Layer.provideMerge([NodeTransport.layer(), NodeSpool.layer({ directory: ".labelstream/spool" })])
    )
    const status = yield* ExportProgram.run({
      export: {
        batches: batches.map(({ id }) => ({ projectId, batchId: id })),
        sinks: [sink],
        ...(attachments === undefined ? {} : { attachments })
      },
      where: to,
      again,
      retry: again
    }).pipe(Effect.provide([platform, SqliteLedger.layer({ file: ".labelstream/ledger.sqlite" })]))
    if (next !== undefined && status === 0) console.log(yield* Effect.promise(async () => next()))
    return status
  })
  process.exitCode = await program.pipe(
    Effect.scoped,
    Effect.catch((error) => Effect.as(Effect.logError(error.message), 1)),
    Effect.provide(ExportProgram.layerLogs),
    Effect.runPromise
  )
}
