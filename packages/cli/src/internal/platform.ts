/** The platform and the ledger that settings name. */
import { GtStudio, type Job, type Ledger, type OptionError, type RetryPolicy } from "@labelstream/core"
import { NodeImageHeader, NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { dirname, join } from "node:path"
import * as NodeHeap from "../NodeHeap.ts"
import { type Failure, SettingsError } from "./failure.ts"
import { sayTrouble } from "./output/trouble.ts"
import { apiKey, type Settings } from "./settings/settings.ts"

/** For commands at which a person waits: about ten seconds, then it says what is wrong. */
export const impatient: Partial<RetryPolicy.RetryBudget> = { retries: 4, cap: 2000, maxElapsed: 10_000 }

/** The platform, and the reader of image sizes. Files being downloaded are kept in the ledger's folder. */
export const platform = (
  settings: Settings,
  retry?: Partial<RetryPolicy.RetryBudget>
): Layer.Layer<GtStudio.GtStudio, Failure> => Layer.merge(client(settings, apiKey, retry), NodeImageHeader.layer)

/** The platform for requests that need no key: those for the first bytes of images. */
export const keyless = (settings: Settings): Layer.Layer<GtStudio.GtStudio, Failure> =>
  client(settings, Effect.succeed(Redacted.make("none")))

const client = (
  settings: Settings,
  apiKey: Effect.Effect<Redacted.Redacted, SettingsError>,
  retry?: Partial<RetryPolicy.RetryBudget>
): Layer.Layer<GtStudio.GtStudio, Failure> =>
  Layer.unwrap(Effect.map(apiKey, (key) =>
    GtStudio.layer({
      apiKey: key,
      baseUrl: settings.baseUrl,
      allowInsecureHttp: settings.allowHttp,
      ...(settings.concurrency === undefined ? {} : { maxInFlight: settings.concurrency }),
      ...(settings.requestsPerSecond === undefined ? {} : { requestsPerSecond: settings.requestsPerSecond }),
      ...(retry === undefined ? {} : { retry })
    }))).pipe(
      Layer.provide([
        NodeTransport.layer(),
        NodeSpool.layer({ directory: join(dirname(settings.ledger), "spool") }),
        NodeHeap.layerSmall
      ])
    )

/** Says where the platform was looked for when it could not be reached. */
export const withHost = (settings: Settings) => <A, R>(effect: Effect.Effect<A, Failure, R>) =>
  Effect.tapError(
    effect,
    (error) =>
      error._tag === "GtStudioError" && error.reason._tag === "ConnectionFailed"
        ? Effect.logError(
          `The platform was asked at ${settings.baseUrl}: --base-url or GT_STUDIO_BASE_URL changes that.`
        )
        : Effect.void
  )

/** The ledger for a run. */
export const ledger = (settings: Settings): Layer.Layer<Ledger.Ledger, Ledger.LedgerError | OptionError.OptionError> =>
  SqliteLedger.layer({ file: settings.ledger })

/** The ledger for looking at it. */
export const ledgerReadOnly = (
  settings: Settings
): Layer.Layer<Ledger.Ledger, Ledger.LedgerError | OptionError.OptionError> =>
  SqliteLedger.layerReadOnly({ file: settings.ledger })

/** The project that settings name. */
export const projectOf = ({ project }: Settings): Effect.Effect<string, SettingsError> =>
  project === undefined
    ? new SettingsError({ message: "Say which project: --project ID, or GT_STUDIO_PROJECT_ID" })
    : Effect.succeed(project)

/** The batches that settings name one by one; at least one must be. */
export const namedBatches = Effect.fnUntraced(function*(settings: Settings): Effect.fn.Return<
  ReadonlyArray<Job.BatchRef>,
  SettingsError
> {
  const projectId = yield* projectOf(settings)
  if (settings.batches.length === 0) {
    return yield* new SettingsError({
      message: "Say which batches: --batch ID (several times, if you like) or --all-batches. " +
        `labelstream batches --project ${projectId} shows them`
    })
  }
  return settings.batches.map((batchId): Job.BatchRef => ({ projectId, batchId }))
})

/** The batches that settings name, or all that the project has. */
export const batchesOf = Effect.fnUntraced(function*(settings: Settings): Effect.fn.Return<
  ReadonlyArray<Job.BatchRef>,
  Failure,
  GtStudio.GtStudio
> {
  if (!settings.allBatches) return yield* namedBatches(settings)
  const projectId = yield* projectOf(settings)
  const gtStudio = yield* GtStudio.GtStudio
  const { batches } = yield* Effect.scoped(Effect.andThen(sayTrouble, gtStudio.project(projectId)))
  if (batches.length === 0) {
    return yield* new SettingsError({ message: `Project ${projectId} has no batches` })
  }
  return batches.map(({ id }): Job.BatchRef => ({ projectId, batchId: id }))
})
