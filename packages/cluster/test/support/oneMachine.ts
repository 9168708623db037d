/** What a cluster is compared with: the export of one process, and the ledger. */
import { Export, GtStudio, type JobSink, LedgerMemory, Verify } from "@labelstream/core"
import { NodeSpool, NodeTransport } from "@labelstream/node"
import type { Simulator } from "@labelstream/simulator"
import { FilesSink } from "@labelstream/sink-files"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { temporaryFolder } from "./folders.ts"
import { tree } from "./tree.ts"

/** What one process stores of the same batches, in a folder and in further sinks. */
export const onOneMachine = (simulator: Simulator.Running, ...others: ReadonlyArray<JobSink.JobSink>) =>
  Effect.gen(function*() {
    const directory = yield* temporaryFolder
    const spool = NodeSpool.layer({ directory: yield* temporaryFolder })
    yield* Export.run({
      batches: simulator.batches.map(({ id }) => ({ projectId: simulator.projectId, batchId: id })),
      sinks: [FilesSink.make({ directory }), ...others]
    }).pipe(
      Effect.provide(
        Layer.merge(
          LedgerMemory.layer,
          GtStudio.layer({
            apiKey: Redacted.make(simulator.apiKey),
            baseUrl: simulator.apiUrl,
            allowInsecureHttp: true
          })
        ).pipe(Layer.provideMerge(spool), Layer.provide(NodeTransport.layer()))
      )
    )
    return tree(directory)
  })

/** Jobs that a sink has as the ledger says, and all differences. */
export const verified = (sink: JobSink.JobSink) =>
  Effect.map(Stream.runCollect(Verify.sink(sink)), (steps) => ({
    intact: steps.reduce((sum, { intact }) => sum + intact, 0),
    differences: steps.flatMap(({ differences }) => differences)
  }))
