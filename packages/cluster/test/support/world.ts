/** A platform, a database, and runners that are processes: everything that a test of a cluster needs. */
import { Simulator, type Traffic } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import {
  ClusterExport,
  ClusterStorage,
  type ExportRequest,
  ExportStore,
  Membership,
  SqlLedger
} from "../../src/index.ts"
import type { Kind } from "./databases.ts"
import { emptyRequest } from "./requests.ts"
import { type Place, startRunner } from "./runnerProcess.ts"

/** So that a death is noticed within seconds, and a runner that a busy machine keeps waiting is not taken for dead. */
export const shortTiming: Membership.Timing = {
  lockExpiration: "5 seconds",
  poll: "300 millis",
  healthCheck: "1 second"
}

/** How long the client waits for a statement: as long as the command does. */
const clientPatience = "5 seconds"

export interface Options {
  readonly kind: Pick<Kind, "url">
  readonly simulator: Simulator.Options
  /** Jobs of a slice, and of a page of the listing. Default: 50. */
  readonly sliceJobs?: number
  /** Jobs in flight per runner. Default: that of a runner. */
  readonly concurrency?: number
  /** Default: `shortTiming`. */
  readonly timing?: Membership.Timing
  /** How long runners wait for a statement. Default: that of a runner. */
  readonly patience?: ClusterStorage.Options["patience"]
}

/** A request for all batches of the simulator. */
export const requestOf = (
  simulator: Simulator.Running,
  sinks: ReadonlyArray<string>,
  more: Partial<ExportRequest.ExportRequest> = {}
): ExportRequest.ExportRequest => ({
  ...emptyRequest,
  platform: simulator.apiUrl,
  batches: simulator.batches.map(({ id }) => ({ projectId: simulator.projectId, batchId: id })),
  sinks,
  ...more
})

/** Starts platform and database; runners are started as a test needs them. */
export const make = Effect.fnUntraced(function*(
  { concurrency, kind, patience, simulator: options, sliceJobs = 50, timing = shortTiming }: Options
) {
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
  const stores = Layer.mergeAll(SqlLedger.layer, ExportStore.layer).pipe(
    Layer.provideMerge(ClusterStorage.layer(url, { patience: clientPatience }))
  )
  const client = yield* Layer.build(Membership.layerClient(timing).pipe(Layer.provideMerge(stores)))
  const setting = {
    url: Redacted.value(url),
    platform: simulator.apiUrl,
    apiKey: simulator.apiKey,
    sliceJobs,
    timing,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(patience === undefined ? {} : { patience })
  }
  return {
    simulator,
    client,
    runner: startRunner(setting),
    runnerAt: (place: Place) => startRunner(setting, place),
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
    end: (id: string, onProgress?: Parameters<typeof ClusterExport.awaitEnd>[1]) =>
      Effect.provideContext(ClusterExport.awaitEnd(id, onProgress), client)
  }
})

/** One batch on a platform that takes 100 ms per response, so that a test can act while an export runs. */
export const makeSlow = (kind: Options["kind"], jobs: number, sliceJobs: number) =>
  make({ kind, simulator: { batches: [{ id: "one", jobs }], latency: "100 millis" }, sliceJobs })
