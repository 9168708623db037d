/** Submits an export to a cluster, shows its progress, and prints its summary. */
import { ClusterExport, type ExportRequest, type ExportStore } from "@labelstream/cluster"
import { Ledger } from "@labelstream/core"
import * as Clock from "effect/Clock"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import type { Outcome } from "../failure.ts"
import { statusOf } from "../output/ending.ts"
import { doneOf, Meter, sum, totalsOf } from "../output/meter.ts"
import { block, oneLine } from "../output/progress.ts"
import { type FailedJob, failedJob, reportObject } from "../output/reportObject.ts"
import * as Screen from "../output/screen.ts"
import { summary } from "../output/summary.ts"
import { onSignal } from "../signals.ts"
import { type Members, waitsFor } from "./clusterWait.ts"

export interface Options {
  readonly request: ExportRequest.ExportRequest
  /** Where everything is stored, as the person named it. */
  readonly where: string
  /** The commands that run this again, retry failed jobs, and stop the export of an id. */
  readonly again: string
  readonly retry: string
  readonly stop: (id: string) => string
  readonly json: boolean
  /** Whether progress is a block that stays in place where stderr is a terminal; else it is logged. */
  readonly block: boolean
}

/** Milliseconds between two lines of progress that stay. */
const sayEvery = 5000
/** Milliseconds without progress after which the client asks what the export waits for. */
const idleAfter = 5000

const quiet = { requests: 0, retries: 0, origins: [], trouble: undefined }

/** Every failed job, as the ledger has it. */
const failedJobs = (batches: ExportRequest.ExportRequest["batches"]) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger.Ledger
    const failed: Array<FailedJob> = []
    for (const batch of batches) {
      yield* Stream.runForEach(ledger.entries({ batch, stage: "failed" }), (entries) =>
        Effect.sync(() => {
          for (const { error, ...entry } of entries) if (error !== null) failed.push(failedJob({ ...entry, error }))
        }))
    }
    return failed
  })

const members: Effect.Effect<Members | undefined, never, RunnerStorage.RunnerStorage> = Effect.flatMap(
  RunnerStorage.RunnerStorage,
  ({ getRunners }) => Effect.orElseSucceed(getRunners, () => undefined)
)

/**
 * Runs an export on the cluster to its end, and returns the exit status, as `ExportProgram.run` does. At the first signal
 * the command leaves, and the export continues.
 */
export const run = Effect.fnUntraced(function*(
  options: Options
): Outcome<ExportStore.ExportStore | Ledger.Ledger | RunnerStorage.RunnerStorage | Scope.Scope | WorkflowEngine> {
  const { id, isNew } = yield* ClusterExport.submit(options.request)
  yield* Effect.logInfo(
    isNew
      ? `Submitted export ${id}. To stop it, run: ${options.stop(id)}`
      : `Joined export ${id}, already running for these batches and sinks. To stop it, run: ${options.stop(id)}`
  )
  const meter = new Meter()
  const context = yield* Effect.context<RunnerStorage.RunnerStorage>()
  let view: Parameters<typeof oneLine>[0] | undefined
  let saidAt = yield* Clock.currentTimeMillis
  let isSaid = false
  let moved = { jobs: -1, at: saidAt }
  const draws = options.block && Screen.canDraw()
  if (draws) yield* Screen.show((size, color) => view === undefined ? [] : block(view, size, color))
  const onProgress = (status: ClusterExport.Status) =>
    Effect.gen(function*() {
      const { report } = status
      const now = yield* Clock.currentTimeMillis
      const jobs = sum(report, ({ listed }) => listed) + sum(report, doneOf)
      if (jobs !== moved.jobs) moved = { jobs, at: now }
      const found = now - moved.at > idleAfter ? yield* Effect.provideContext(members, context) : undefined
      const reason = found === undefined ? undefined : waitsFor(status, found)
      if (found?.some(([, responds]) => responds) === false && !isSaid) {
        isSaid = true
        yield* Effect.logWarning("No runners. To start one, run: labelstream runner with the same --cluster")
      }
      const next = {
        report,
        activity: quiet,
        rates: meter.rates(report.seconds, totalsOf(report)),
        totals: new Map(),
        now,
        ...(reason === undefined ? {} : { waitsFor: reason })
      }
      view = next
      if (draws) Screen.draw()
      else if (now - saidAt >= sayEvery) {
        saidAt = now
        yield* Effect.logInfo(oneLine(next))
      }
    })
  const left = yield* onSignal(Effect.void, 1)
  const end = yield* Effect.raceFirst(
    ClusterExport.awaitEnd(id, onProgress),
    Effect.as(Deferred.await(left), undefined)
  )
  if (end === undefined) {
    yield* Effect.logInfo(`Export ${id} continues without this command. To stop it, run: ${options.stop(id)}`)
    return 130
  }
  const { error, report, state } = end
  const isAborted = state === "aborted"
  if (options.json) {
    const object = reportObject(report, yield* failedJobs(options.request.batches))
    Screen.say("stdout", JSON.stringify({ ...object, complete: object.complete && !isAborted }))
  } else {
    const stopped = report.stopped && !isAborted
    Screen.say(
      "stdout",
      summary({ ...report, stopped }, undefined, {
        ...options,
        brokeOff: isAborted,
        isRetry: options.request.mode === "retry"
      })
    )
  }
  if (error !== null) yield* Effect.logError(error)
  return isAborted ? 1 : statusOf(report)
})
