/** The platform and the ledger that settings name. */
import { GtStudio, type Job, type Ledger, LedgerMemory, type OptionError, type RetryPolicy } from "@labelstream/core"
import { NodeImageHeader, NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as NodeHeap from "../NodeHeap.ts"
import { commandLine } from "./commandLine.ts"
import { type Failure, SettingsError } from "./failure.ts"
import { sayTrouble } from "./output/trouble.ts"
import { apiKey, type Settings } from "./settings/settings.ts"

/** For commands that a person waits for: they give up after about 10 seconds. */
const impatient: Partial<RetryPolicy.RetryBudget> = { retries: 4, cap: 2000, maxElapsed: 10_000 }

/** The platform, and the reader of image sizes. Files being downloaded are kept in the ledger's folder. */
export const platform = (settings: Settings): Layer.Layer<GtStudio.GtStudio, Failure> =>
  Layer.merge(client(settings, apiKey, spoolOf(settings)), NodeImageHeader.layer)

/** The platform for commands that store nothing: it gives up early, and leaves no files. */
export const platformReadOnly = (settings: Settings): Layer.Layer<GtStudio.GtStudio, Failure> =>
  Layer.merge(
    client(
      settings,
      apiKey,
      Layer.unwrap(Effect.map(temporaryFolder, (directory) => NodeSpool.layer({ directory }))),
      impatient
    ),
    NodeImageHeader.layer
  )

const spoolOf = ({ ledger }: Settings) => NodeSpool.layer({ directory: join(dirname(ledger), "spool") })

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "labelstream-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** The platform for requests that need no key: those for the first bytes of images. */
export const keyless = (settings: Settings): Layer.Layer<GtStudio.GtStudio, Failure> =>
  client(settings, Effect.succeed(Redacted.make("none")), spoolOf(settings))

const client = (
  settings: Settings,
  apiKey: Effect.Effect<Redacted.Redacted, SettingsError>,
  spool: ReturnType<typeof NodeSpool.layer>,
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
        spool,
        NodeHeap.layerSmall
      ]),
      // The other options have been checked under the names that they have here.
      Layer.catchTag("OptionError", (error) =>
        Layer.effect(
          GtStudio.GtStudio,
          Effect.fail(
            error.option === "baseUrl"
              ? new SettingsError({ message: `--base-url, or GT_STUDIO_BASE_URL: ${error.detail}` })
              : error
          )
        ))
    )

/** Names the address of the API if it could not be reached. */
export const withHost = (settings: Settings) => <A, R>(effect: Effect.Effect<A, Failure, R>) =>
  Effect.tapError(
    effect,
    (error) =>
      error._tag === "GtStudioError" && error.reason._tag === "ConnectionFailed"
        ? Effect.logError(
          `The API was expected at ${settings.baseUrl}. To use another address, set --base-url or GT_STUDIO_BASE_URL.`
        )
        : Effect.void
  )

/** The ledger for a run. */
export const ledger = (settings: Settings): Layer.Layer<Ledger.Ledger, Ledger.LedgerError | OptionError.OptionError> =>
  SqliteLedger.layer({ file: settings.ledger })

/** The ledger for reading. */
export const ledgerReadOnly = (
  settings: Settings
): Layer.Layer<Ledger.Ledger, Ledger.LedgerError | OptionError.OptionError> =>
  SqliteLedger.layerReadOnly({ file: settings.ledger })

/** The ledger for reading, or an empty one if there is none yet. */
export const ledgerSoFar = (
  settings: Settings
): Layer.Layer<Ledger.Ledger, Ledger.LedgerError | OptionError.OptionError> =>
  existsSync(settings.ledger) ? ledgerReadOnly(settings) : LedgerMemory.layer

const noProject = new SettingsError({ message: "No project is named. Use --project ID, or set GT_STUDIO_PROJECT_ID" })

/** The only project that settings name. */
export const projectOf = ({ projects }: Settings): Effect.Effect<string, SettingsError> => {
  const [project, ...more] = projects
  if (project === undefined) return noProject
  return more.length === 0 ? Effect.succeed(project) : new SettingsError({
    message: `${projects.length} projects are named, and this takes one: only --all-batches takes several`
  })
}

/** The batches that settings name one by one; at least one must be. */
export const namedBatches = Effect.fnUntraced(function*(settings: Settings): Effect.fn.Return<
  ReadonlyArray<Job.BatchRef>,
  SettingsError
> {
  const projectId = yield* projectOf(settings)
  if (settings.batches.length === 0) {
    return yield* new SettingsError({
      message: "No batch is named. Use --batch ID once or several times, or --all-batches. To list the batches, run: " +
        commandLine(["batches", "--project", projectId])
    })
  }
  return settings.batches.map((batchId): Job.BatchRef => ({ projectId, batchId }))
})

/** The batches that settings name, or all that the projects have. A project without batches is named on stderr. */
export const batchesOf = Effect.fnUntraced(function*(settings: Settings): Effect.fn.Return<
  ReadonlyArray<Job.BatchRef>,
  Failure,
  GtStudio.GtStudio
> {
  if (!settings.allBatches) return yield* namedBatches(settings)
  const { projects } = settings
  if (projects.length === 0) return yield* noProject
  const gtStudio = yield* GtStudio.GtStudio
  const found = yield* Effect.forEach(projects, (projectId) =>
    Effect.map(
      Effect.scoped(Effect.andThen(sayTrouble, gtStudio.project(projectId))),
      ({ batches }) => ({ projectId, batches: batches.map(({ id }): Job.BatchRef => ({ projectId, batchId: id })) })
    ))
  const without = found.flatMap(({ batches, projectId }) => batches.length === 0 ? [projectId] : [])
  const message = `Project ${without.join(", ")} has no batches`
  if (without.length === projects.length) return yield* new SettingsError({ message })
  if (without.length > 0) yield* Effect.logWarning(message)
  return found.flatMap(({ batches }) => batches)
})
