/** Exports a simulated batch into dataset sinks. */
import { Export, GtStudio, type JobSink, LedgerMemory } from "@labelstream/core"
import { NodeSpool, NodeTransport } from "@labelstream/node"
import { type Scenario, Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

/** The sink as it is, given the sizes of inputs that the simulator serves. */
const sized = (sink: JobSink.JobSink, inputsOf: (jobId: string) => ReadonlyArray<Scenario.Input>): JobSink.JobSink => ({
  ...sink,
  open: Effect.map(sink.open, (open) => ({
    ...open,
    stage: (token, records) =>
      Effect.flatMap(
        Effect.forEach(records, (record) =>
          Effect.map(Stream.runCollect(record.parsed.media(record)), (pages) => {
            const inputs = inputsOf(record.jobId)
            const sizes = new Map(
              pages.flat().flatMap(({ frame_id, media_index, url }) => {
                const size = inputs.find((input) => input.url === url && (input.frameId ?? null) === frame_id)?.size
                return size === undefined ? [] : [[media_index, size] as const]
              })
            )
            return { ...record, sizes }
          })),
        (records) => open.stage(token, records)
      )
  }))
})

/** Starts a platform and a way to export its one batch with all files. */
export const platform = Effect.fnUntraced(function*(spool: string, scenario: Scenario.Options) {
  const simulator = yield* Simulator.start(scenario)
  const { apiKey, apiUrl, batches, projectId } = simulator
  const batchId = batches[0]!.id
  const services = GtStudio.layer({ apiKey: Redacted.make(apiKey), baseUrl: apiUrl }).pipe(
    Layer.provideMerge(Layer.merge(NodeTransport.layer(), NodeSpool.layer({ directory: spool }))),
    Layer.merge(LedgerMemory.layer)
  )
  const inputsOf = (jobId: string) => simulator.expectedInputs(batchId, jobId)
  const exported = (sinks: ReadonlyArray<JobSink.JobSink>) =>
    Export.run({
      batches: [{ projectId, batchId }],
      attachments: "all",
      sinks: sinks.map((sink) => sized(sink, inputsOf))
    }).pipe(Effect.provide(services))
  return { simulator, batchId, inputsOf, exported }
})
