// Exports one batch into files, a SQLite database, and a Parquet dataset. Each job is downloaded once. The ledger is where
// the command has it, so that `labelstream status` and `labelstream verify` find these jobs.
import { Export, ExportReport, GtStudio } from "@labelstream/core"
import { NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import { FilesSink } from "@labelstream/sink-files"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const batch = { projectId: process.env["GT_STUDIO_PROJECT_ID"] ?? "", batchId: process.env["GT_STUDIO_BATCH_ID"] ?? "" }

// Reads GT_STUDIO_API_KEY and GT_STUDIO_BASE_URL from the environment.
const platform = GtStudio.layerConfig().pipe(
  Layer.provide([NodeTransport.layer(), NodeSpool.layer({ directory: ".labelstream/spool" })])
)
const ledger = SqliteLedger.layer({ file: ".labelstream/ledger.sqlite" })

const program = Effect.gen(function*() {
  const report = yield* Export.run({
    batches: [batch],
    sinks: [
      FilesSink.make({ directory: "files" }),
      SqliteSink.make({ file: "labels.db" }),
      ParquetSink.make({ directory: "dataset" })
    ]
  })
  console.log(ExportReport.describe(report))
  return report.complete ? 0 : 2
})

process.exitCode = await program.pipe(
  Effect.provide([platform, ledger]),
  Effect.catch((error) => {
    console.error(error.message)
    return Effect.succeed(1)
  }),
  Effect.runPromise
)
