/** A platform, a database, and runners that are processes: everything that a test of a cluster needs. */
import { Simulator, type Traffic } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { join } from "node:path"
import { inject } from "vitest"
import {
  ClusterExport,
  ClusterStorage,
  type ExportRequest,
  ExportStore,
  Membership,
  SqlLedger
} from "../../src/index.ts"
import type { Kind } from "./databases.ts"
import { temporaryFolder } from "./folders.ts"

const programs = inject("programs")

/** What a runner's process is told. */
export interface RunnerSetting {
  readonly url: string
  readonly platform: string
  readonly apiKey: string
  readonly port: number
  readonly spool: string
  readonly sliceJobs: number
  readonly timing: Membership.Timing
}

/** So that a death is noticed within seconds, and a runner that a busy machine keeps waiting is not taken for dead. */
const timing: Membership.Timing = { lockExpiration: "5 seconds", poll: "300 millis", healthCheck: "1 second" }

const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

const ended = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, "exit").then(() => {})

/** A runner that has joined. The scope kills it. */
const startRunner = (setting: Omit<RunnerSetting, "port" | "spool">) =>
  Effect.gen(function*() {
    const port = yield* freePort
    const spool = yield* temporaryFolder
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const argument = JSON.stringify({ ...setting, port, spool } satisfies RunnerSetting)
        return spawn(process.execPath, [join(programs, "runner.js"), argument], {
          env: { ...process.env, NODE_COMPILE_CACHE: join(programs, "compiled") },
          stdio: ["pipe", "pipe", "inherit"]
        })
      }),
      (child) =>
        Effect.promise(() => {
          child.kill("SIGKILL")
          return ended(child)
        })
    )
    yield* Effect.promise(() => Promise.race([once(child.stdout, "data"), ended(child)]))
    return {
      kill: Effect.promise(() => {
        child.kill("SIGKILL")
        return ended(child)
      }),
      /** Stops it in the middle of what it does, with its sockets and files open. */
      freeze: Effect.sync(() => child.kill("SIGSTOP")),
      thaw: Effect.sync(() => child.kill("SIGCONT")),
      /** Lets it leave. Answers its exit status. */
      leave: Effect.promise(async () => {
        child.kill("SIGTERM")
        await ended(child)
        return child.exitCode
      })
    }
  })

export interface Options {
  readonly kind: Kind
  readonly simulator: Simulator.Options
  /** Jobs of a slice, and of a page of the listing. Default: 50. */
  readonly sliceJobs?: number
}

/** A request for all batches of the simulator. */
export const requestOf = (
  simulator: Simulator.Running,
  sinks: ReadonlyArray<string>,
  more: Partial<ExportRequest.ExportRequest> = {}
): ExportRequest.ExportRequest => ({
  platform: simulator.apiUrl,
  batches: simulator.batches.map(({ id }) => ({ projectId: simulator.projectId, batchId: id })),
  sinks,
  mode: "new",
  attachments: "results",
  statuses: [],
  labels: [],
  limit: null,
  ...more
})

/** Starts platform and database; runners are started as a test needs them. */
export const make = Effect.fnUntraced(function*({ kind, simulator: options, sliceJobs = 50 }: Options) {
  let answers = 0
  let waiting: ReadonlyArray<readonly [answers: number, done: () => void]> = []
  const onRequest = ({ endpoint }: Traffic.Entry) => {
    if (endpoint !== "job") return
    answers++
    const due = waiting.filter(([least]) => least <= answers)
    waiting = waiting.filter(([least]) => least > answers)
    for (const [, done] of due) done()
  }
  // A slice ends with a page: pages are as small as slices.
  const simulator = yield* Simulator.start({ countJobs: true, onRequest, pageSize: sliceJobs, ...options })
  const url = yield* kind.url
  const stores = Layer.mergeAll(SqlLedger.layer, ExportStore.layer).pipe(Layer.provideMerge(ClusterStorage.layer(url)))
  const client = yield* Layer.build(Membership.layerClient(timing).pipe(Layer.provideMerge(stores)))
  const setting = {
    url: Redacted.value(url),
    platform: simulator.apiUrl,
    apiKey: simulator.apiKey,
    sliceJobs,
    timing
  }
  return {
    simulator,
    client,
    runner: startRunner(setting),
    /** A runner whose key the platform does not know. */
    strangeRunner: startRunner({ ...setting, apiKey: "nobodys-key" }),
    /** Done when the platform has answered so many requests for results of jobs, in all. */
    answered: (least: number) =>
      Effect.callback<void>((resume) => {
        if (answers >= least) resume(Effect.void)
        else waiting = [...waiting, [least, () => resume(Effect.void)]]
      }),
    submit: (request: ExportRequest.ExportRequest) => Effect.provideContext(ClusterExport.submit(request), client),
    stop: (id: string) => Effect.provideContext(ClusterExport.stop(id), client),
    status: (id: string) => Effect.provideContext(ClusterExport.status(id), client),
    end: (id: string) => Effect.provideContext(ClusterExport.awaitEnd(id), client)
  }
})
