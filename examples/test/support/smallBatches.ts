/** An export in its own process, to be killed: small batches, so that a test sees what a kill costs. */
import { Export, GtStudio } from "@labelstream/core"
import { NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import { FilesSink } from "@labelstream/sink-files"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { join } from "node:path"

const [baseUrl = "", apiKey = "", projectId = "", batchIds = "", output = "", concurrency = "", maxRecords = ""] =
  process.argv.slice(2)

const sink = FilesSink.make({ directory: output })
const { batch, ...capabilities } = sink.capabilities
const platform = GtStudio.layer({ apiKey: Redacted.make(apiKey), baseUrl }).pipe(
  Layer.provide([
    NodeTransport.layer(),
    // Next to no memory: contents go through files as well.
    NodeSpool.layer({ directory: join(output, ".labelstream", "spool"), maxInMemory: 1000 })
  ])
)

const report = await Export.run({
  batches: batchIds.split(",").map((batchId) => ({ projectId, batchId })),
  sinks: [{ ...sink, capabilities: { ...capabilities, batch: { ...batch, maxRecords: Number(maxRecords) } } }],
  concurrency: Number(concurrency)
}).pipe(
  Effect.provide(Layer.merge(platform, SqliteLedger.layer({ file: join(output, ".labelstream", "ledger.sqlite") }))),
  Effect.runPromise
)
process.exitCode = report.complete ? 0 : 2
