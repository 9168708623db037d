// A pipeline of your own: prints every "Chair" of a batch as a line of NDJSON.
import { GtStudio, JobStream } from "@labelstream/core"
import { NodeSpool, NodeTransport } from "@labelstream/node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const batch = { projectId: process.env["GT_STUDIO_PROJECT_ID"] ?? "", batchId: process.env["GT_STUDIO_BATCH_ID"] ?? "" }

// Reads GT_STUDIO_API_KEY and GT_STUDIO_BASE_URL from the environment.
const platform = GtStudio.layerConfig().pipe(
  Layer.provide([NodeTransport.layer(), NodeSpool.layer({ directory: ".labelstream/spool" })])
)

const program = JobStream.rows(batch, {
  onFailure: ({ error, jobId }) => Console.error(`Job ${jobId} failed: ${error.message}`)
}).pipe(
  Stream.filter(({ label }) => label === "Chair"),
  Stream.runForEach((row) => Console.log(JSON.stringify(row)))
)

Effect.runPromise(Effect.provide(program, platform)).catch((error: Error) => {
  console.error(error.message)
  process.exitCode = 1
})
