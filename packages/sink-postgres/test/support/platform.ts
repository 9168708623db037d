/** A simulated platform with one batch, and exports from it with a ledger of its own. */
import { Export, GtStudio, type JobSink, LedgerMemory, SpoolMemory } from "@labelstream/core"
import { NodeTransport } from "@labelstream/node"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

export const platform = Effect.fnUntraced(function*(jobs: number) {
  const simulator = yield* Simulator.start({ batches: [{ id: "one", jobs }] })
  const { apiKey, apiUrl, projectId } = simulator
  const services = GtStudio.layer({ apiKey: Redacted.make(apiKey), baseUrl: apiUrl }).pipe(
    Layer.provide([NodeTransport.layer(), SpoolMemory.layer()]),
    Layer.merge(LedgerMemory.layer)
  )
  const exported = (sink: JobSink.JobSink, options: Pick<Export.Options, "lease" | "onEvent" | "selection"> = {}) =>
    Export.run({ batches: [{ projectId, batchId: "one" }], sinks: [sink], ...options }).pipe(
      Effect.provide(services, { local: true })
    )
  return { simulator, exported }
})
