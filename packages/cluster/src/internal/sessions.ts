/**
 * The exports that this runner works on: the request of each, its sinks, open for this runner, and whether it is to stop.
 * Opened with the first slice, and closed soon after the last.
 */
import { type JobSink, type Ledger, LoadId } from "@labelstream/core"
import { Lock } from "@labelstream/storage"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"
import { ClusterError } from "../ClusterError.ts"
import * as ExportRequest from "../ExportRequest.ts"
import { ExportStore } from "../ExportStore.ts"
import { SinkResolver } from "../SinkResolver.ts"
import { step } from "./failure.ts"
import type { Work } from "./run/sliceRun.ts"
import { openAll } from "./run/writers.ts"

export interface SessionOptions {
  /** Base URL of the platform that this runner asks. */
  readonly platform: string
  /** Where other runners reach this one, as `HOST:PORT`. */
  readonly runner: string
  /** Jobs of one slice in flight. */
  readonly concurrency: number
}

/** An export as a runner knows it. */
export interface Known {
  readonly id: string
  readonly request: ExportRequest.ExportRequest
  readonly run: number
  /** `jobs.load_id` of all that the export stores, the same on every runner. */
  readonly load: number
  /** Sinks that several writers share: by branches, or each straight to the target. */
  readonly shared: ReadonlyArray<JobSink.JobSink>
  /** Sinks that one process at a time writes to. */
  readonly single: ReadonlyArray<JobSink.JobSink>
}

/** How often the database is asked whether an export is to stop. */
const stopPoll = "1 second"
/** How long the sinks stay open after a slice, for the next one. */
const idle = "1 second"

/** Reads the request of an export. Fails with `refused` if this runner cannot do it. */
export const know = Effect.fnUntraced(function*(exportId: string, platform: string): Effect.fn.Return<
  Known,
  ClusterError | Ledger.LedgerError,
  ExportStore | SinkResolver
> {
  const store = yield* ExportStore
  const resolver = yield* SinkResolver
  const found = yield* store.find(exportId)
  if (Option.isNone(found)) {
    return yield* new ClusterError({ reason: "refused", detail: `There is no export ${exportId}` })
  }
  const request = yield* ExportRequest.decode(found.value.request)
  if (request.platform !== platform) {
    return yield* new ClusterError({
      reason: "refused",
      detail: `The export is from ${request.platform}, and this runner uses ${platform}: start runners with ` +
        "the base URL of the export, and one cluster for each base URL"
    })
  }
  const sinks = yield* Effect.forEach(request.sinks, resolver.resolve)
  for (const sink of sinks) {
    if (sink.capabilities.writers === "many" && sink.branches === undefined) {
      return yield* new ClusterError({
        reason: "refused",
        detail: `The ${sink.name} sink says that several processes may write to branches, but has none`
      })
    }
  }
  const { run, startedAt } = yield* store.begin(exportId)
  return {
    id: exportId,
    request,
    run,
    load: LoadId.of(startedAt, run),
    shared: sinks.filter(({ capabilities }) => capabilities.writers !== "single"),
    single: sinks.filter(({ capabilities }) => capabilities.writers === "single")
  }
})

/** Done when the export is to stop; asks as long as the scope lasts. */
export const watchStop = Effect.fnUntraced(function*(exportId: string) {
  const store = yield* ExportStore
  const stop = yield* Deferred.make<void>()
  const look = Effect.gen(function*() {
    const stopping = yield* store.stopping([exportId])
    if (stopping.has(exportId)) yield* Deferred.succeed(stop, undefined)
  })
  // The work itself fails if the database does not respond.
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.ignore(look), Effect.sleep(stopPoll))))
  return stop
})

/** The exports whose slices this runner does. */
export class Sessions extends Context.Service<Sessions, {
  /** What there is to work with, for as long as the scope lasts. */
  readonly get: (exportId: string) => Effect.Effect<Work, ClusterError, Scope.Scope>
  /** Makes the next slice open the sinks again, because another process took over their branches. */
  readonly renew: (exportId: string) => Effect.Effect<void>
}>()("@labelstream/cluster/internal/Sessions") {}

/** Names this process among the writers of an export. */
const writerName = crypto.randomUUID().slice(0, 8)

/** The name of this process's branch of a sink for an export. */
const writerOf = (exportId: string) => `${exportId}-${writerName}`

/**
 * Records which runner this process is, before it locks anything for an export. Returns the name of its branches. With an
 * empty id, records only that the process has replaced an earlier one at its address.
 */
export const enroll = Effect.fnUntraced(function*(exportId: string, runner: string) {
  const writer = writerOf(exportId)
  yield* (yield* ExportStore).openWriter(writer, exportId, runner, Lock.identity())
  return writer
})

export const layer = ({ concurrency, platform, runner }: SessionOptions): Layer.Layer<
  Sessions,
  never,
  ExportStore | SinkResolver
> =>
  Layer.effect(
    Sessions,
    Effect.gen(function*() {
      const sessions = yield* RcMap.make({
        lookup: (exportId: string) =>
          step(Effect.gen(function*() {
            const { load, request, run, shared } = yield* know(exportId, platform)
            const writer = yield* enroll(exportId, runner)
            const writers = yield* openAll(shared, writer)
            const stop = yield* watchStop(exportId)
            const work: Work = { run, load, request, writers, concurrency, stop }
            return work
          })),
        idleTimeToLive: idle
      })
      return Sessions.of({
        get: (exportId) => RcMap.get(sessions, exportId),
        renew: (exportId) => RcMap.invalidate(sessions, exportId)
      })
    })
  )
