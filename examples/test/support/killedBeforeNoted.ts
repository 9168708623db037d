/** An export into a database that kills itself after the sink has committed a batch, before the ledger records it. */
import { Export, GtStudio, Ledger } from "@labelstream/core"
import { NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { join } from "node:path"

const [baseUrl = "", apiKey = "", projectId = "", batchId = "", output = "", commits = ""] = process.argv.slice(2)

const sink = SqliteSink.make({ file: join(output, "labels.sqlite") })
const { batch, ...capabilities } = sink.capabilities
const platform = GtStudio.layer({ apiKey: Redacted.make(apiKey), baseUrl }).pipe(
  Layer.provide([NodeTransport.layer(), NodeSpool.layer({ directory: join(output, "spool") })])
)

let left = Number(commits)
const ledger = Layer.effect(
  Ledger.Ledger,
  Ledger.Ledger.use((inner) =>
    Effect.succeed(Ledger.Ledger.of({
      ...inner,
      record: (outcomes) =>
        Effect.suspend(() => {
          if (outcomes.some(({ _tag }) => _tag === "Stored") && --left === 0) process.kill(process.pid, "SIGKILL")
          return inner.record(outcomes)
        })
    }))
  )
).pipe(Layer.provide(SqliteLedger.layer({ file: join(output, "ledger.sqlite") })))

const report = await Export.run({
  batches: [{ projectId, batchId }],
  sinks: [{ ...sink, capabilities: { ...capabilities, batch: { ...batch, maxRecords: 10 } } }],
  concurrency: 8
}).pipe(Effect.provide(Layer.merge(platform, ledger)), Effect.runPromise)
process.exitCode = report.complete ? 0 : 2
