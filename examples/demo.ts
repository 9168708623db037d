// Exports 400 jobs from a simulated GT Studio to the folder `output`. Everything is where `labelstream export --to
// files:output` puts it, so that `npm run labelstream -- status` and `verify` find these jobs.
import { ExportProgram } from "@labelstream/cli"
import { GtStudio } from "@labelstream/core"
import { NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import { Fault, Simulator } from "@labelstream/simulator"
import { FilesSink } from "@labelstream/sink-files"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const output = "output"
/** `labelstream export` refuses an output that has this file. */
const mark = join(output, ".labelstream", "simulated")

const program = Effect.gen(function*() {
  if (existsSync(output) && readdirSync(output).length > 0 && !existsSync(mark)) {
    yield* Effect.logError(`The folder ${output} holds other data. Run the demo in a folder without it.`)
    return 1
  }
  mkdirSync(join(output, ".labelstream"), { recursive: true })
  writeFileSync(mark, "The jobs in this folder are simulated. Remove the folder before you export real ones into it.\n")

  const { apiKey, apiUrl, batches, projectId } = yield* Simulator.start({
    batches: [{
      id: "simulated-batch",
      jobs: 400,
      kinds: ["image_annotation", "image_segmentation", "video_annotation", "point_cloud_segmentation"],
      unfinished: 0.05
    }],
    latency: 5,
    faults: Fault.transient(0.01, { withoutStalls: true })
  })
  yield* Effect.logInfo(`Exporting from a simulated GT Studio at ${apiUrl}`)
  const platform = GtStudio.layer({ apiKey: Redacted.make(apiKey), baseUrl: apiUrl }).pipe(
    Layer.provide([NodeTransport.layer(), NodeSpool.layer({ directory: ".labelstream/spool" })])
  )
  return yield* ExportProgram.run({
    export: {
      batches: batches.map(({ id }) => ({ projectId, batchId: id })),
      sinks: [FilesSink.make({ directory: output })]
    },
    where: `files:${output}`,
    again: "npm start",
    retry: "npm start"
  }).pipe(Effect.provide([platform, SqliteLedger.layer({ file: ".labelstream/ledger.sqlite" })]))
})

process.exitCode = await program.pipe(
  Effect.scoped,
  Effect.catch((error) => Effect.as(Effect.logError(error.message), 1)),
  Effect.provide(ExportProgram.layerLogs),
  Effect.runPromise
)
