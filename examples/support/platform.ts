/** Which platform an example talks to: the real one when there is an API key, otherwise a simulated one in this process. */
import { Export, GtStudio, type Job } from "@labelstream/core"
import { NodeSpool, NodeTransport } from "@labelstream/node"
import { Fault, Simulator } from "@labelstream/simulator"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { homedir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { forReal, forSimulated } from "./demo.ts"
import { ledgerFile } from "./ledgerFile.ts"

/** What the environment leaves out or gets wrong, as a sentence for the person who set it. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", { message: Schema.String }) {}

const environment = Config.all({
  apiKey: Config.option(Config.Redacted("GT_STUDIO_API_KEY")),
  baseUrl: Config.String("GT_STUDIO_BASE_URL").pipe(Config.withDefault(GtStudio.defaultBaseUrl)),
  allowInsecureHttp: Config.Boolean("GT_STUDIO_ALLOW_HTTP").pipe(Config.withDefault(false)),
  projectId: Config.String("GT_STUDIO_PROJECT_ID").pipe(Config.withDefault("")),
  batchIds: Config.String("GT_STUDIO_BATCH_ID").pipe(Config.withDefault("")),
  output: Config.String("LABELSTREAM_OUTPUT").pipe(Config.withDefault("output")),
  concurrency: Config.Int("LABELSTREAM_CONCURRENCY").pipe(Config.withDefault(Export.defaultConcurrency))
})

/** A mixed batch of some hundred jobs, with every fault that passes on a part of its requests. */
const simulated = Simulator.start({
  batches: [{
    id: "simulated-batch",
    jobs: 400,
    kinds: ["image_annotation", "image_segmentation", "video_annotation", "point_cloud_segmentation"],
    unfinished: 0.05
  }],
  latency: 5,
  faults: Fault.transient(0.01, { withoutStalls: true })
})

/** The settings of an example, with the platform and the batches that they name. */
export const connect = Effect.gen(function*() {
  const settings = yield* environment.pipe(
    Effect.mapError((error) => new SettingsError({ message: `The settings cannot be read: ${error.message}` }))
  )
  if (settings.concurrency < 1) {
    return yield* new SettingsError({ message: "LABELSTREAM_CONCURRENCY must be 1 or more" })
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(settings.output)) {
    return yield* new SettingsError({ message: "LABELSTREAM_OUTPUT must be a folder of this machine, and is a URL" })
  }
  const inFull = (path: string) => resolve(path.replace(/^~(?=$|\/)/, homedir()))
  const [output, ledger] = [inFull(settings.output), inFull(ledgerFile())]
  const transport = Layer.merge(
    NodeTransport.layer(),
    NodeSpool.layer({ directory: join(dirname(ledger), "spool") })
  )
  const maxInFlight = settings.concurrency
  if (Option.isNone(settings.apiKey)) {
    // Who names a project means the real one: simulated jobs would be taken for its results.
    if (settings.projectId !== "" || settings.batchIds !== "") {
      return yield* new SettingsError({
        message:
          "GT_STUDIO_API_KEY is not set, though a project or batch is: set it, or unset GT_STUDIO_PROJECT_ID and " +
          "GT_STUDIO_BATCH_ID for a simulated platform"
      })
    }
    yield* forSimulated(output)
    const { apiKey, apiUrl, batches, projectId } = yield* simulated
    return {
      output,
      ledger,
      concurrency: settings.concurrency,
      note: `No GT_STUDIO_API_KEY: exporting from a simulated platform at ${apiUrl}`,
      batches: batches.map(({ id }): Job.BatchRef => ({ projectId, batchId: id })),
      platform: GtStudio.layer({ apiKey: Redacted.make(apiKey), baseUrl: apiUrl, maxInFlight }).pipe(
        Layer.provideMerge(transport)
      )
    }
  }
  yield* forReal(output)
  const platform = GtStudio.layer({
    apiKey: settings.apiKey.value,
    baseUrl: settings.baseUrl,
    allowInsecureHttp: settings.allowInsecureHttp,
    maxInFlight
  }).pipe(Layer.provideMerge(transport))
  const { projectId } = settings
  if (projectId === "") return yield* new SettingsError({ message: "Set GT_STUDIO_PROJECT_ID to your project's id" })
  const batchIds = settings.batchIds.split(",").map((id) => id.trim()).filter((id) => id !== "")
  if (batchIds.length === 0) return yield* Effect.provide(askForBatch(projectId), platform)
  return {
    output,
    ledger,
    concurrency: settings.concurrency,
    note: undefined,
    batches: batchIds.map((batchId): Job.BatchRef => ({ projectId, batchId })),
    platform
  }
})

const askForBatch = Effect.fnUntraced(function*(projectId: string) {
  const gtStudio = yield* GtStudio.GtStudio
  const { batches } = yield* gtStudio.project(projectId)
  const lines = batches.map(({ completedJobs, id, name, totalJobs }) =>
    `  ${id}  ${name ?? ""} (${completedJobs ?? "?"} of ${totalJobs ?? "?"} jobs completed)`
  )
  const message = ["Set GT_STUDIO_BATCH_ID to one or more of the project's batches, comma-separated:", ...lines]
  return yield* new SettingsError({ message: message.join("\n") })
})
