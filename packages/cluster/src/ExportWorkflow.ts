/**
 * An export as a durable workflow: open, list and store, publish, end. Each step is an activity. If a runner dies, the next
 * one resumes at the step that was not done.
 */
import type { GtStudio, Spool } from "@labelstream/core"
import type { RunnerStorage } from "effect/cluster/RunnerStorage"
import type { Sharding } from "effect/cluster/Sharding"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Activity from "effect/workflow/Activity"
import * as Workflow from "effect/workflow/Workflow"
import type { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import { ClusterError } from "./ClusterError.ts"
import { ExportStore, runEnd } from "./ExportStore.ts"
import { step } from "./internal/failure.ts"
import { doJobs } from "./internal/jobs.ts"
import { reportOf } from "./internal/report.ts"
import { open, publish } from "./internal/run/publish.ts"
import { enroll, know, type Known } from "./internal/sessions.ts"
import type { SinkResolver } from "./SinkResolver.ts"

/** One export that is registered in the store. Its id is its idempotency key: executed twice it runs once. */
export const ExportWorkflow = Workflow.make("Export", {
  payload: { exportId: Schema.String },
  idempotencyKey: ({ exportId }) => exportId
})

/** How a runner does exports. */
export interface Options {
  /** Base URL of the platform that the runner asks. */
  readonly platform: string
  /** Where other runners reach this one, as `HOST:PORT`. */
  readonly runner: string
  /** Most jobs of a slice. Default 200: a runner that dies loses the time of its slices, never their results. */
  readonly sliceJobs: number
  /** Jobs of one slice in flight. */
  readonly concurrency: number
}

/** Does exports. */
export const layer = (options: Options): Layer.Layer<
  never,
  never,
  WorkflowEngine | Sharding | RunnerStorage | ExportStore | SinkResolver | GtStudio.GtStudio | Spool.Spool
> =>
  ExportWorkflow.toLayer(({ exportId }) =>
    Effect.gen(function*() {
      const activity = <R>(name: string, execute: Effect.Effect<void, ClusterError, R>) =>
        Activity.make({ name, error: ClusterError, execute })

      const known = step(Effect.andThen(enroll(exportId, options.runner), know(exportId, options.platform)))
      /** A step whose failure is its result; null if it was done. */
      const done = <R>(name: string, work: (known: Known) => Effect.Effect<void, ClusterError, R>) =>
        Effect.match(step(activity(name, Effect.flatMap(known, work))), {
          onFailure: (error): ClusterError | null => error,
          onSuccess: () => null
        })
      const refused = yield* done("open", open)
      const broken = refused ?? (yield* done("jobs", (known) => doJobs(exportId, known, options)))
      // Stored jobs are published even if the export was aborted.
      const unpublished = refused === null ? yield* done("publish", publish) : null
      const error = broken ?? unpublished
      yield* Effect.orDie(activity("end", Effect.retry(step(endOf(exportId, error)), untilNoted)))
    })
  )

/** Clients would wait forever for an export without a recorded end, so this waits for the database. */
const untilNoted = {
  schedule: Schedule.spaced("5 seconds").pipe(Schedule.upTo({ duration: "1 day" })),
  while: (error: ClusterError) => error.reason === "storage"
}

/** Records the end of an export, with its report. Waiting clients read this row. */
const endOf = Effect.fnUntraced(function*(exportId: string, error: ClusterError | null) {
  const store = yield* ExportStore
  const row = yield* store.find(exportId)
  if (Option.isNone(row) || row.value.state !== "running") return
  // A request that cannot be read ends without a report.
  const report = yield* Effect.catchTag(
    reportOf({ ...row.value, endedAt: row.value.now, error: error?.message ?? null }),
    "ClusterError",
    () => Effect.succeed(null)
  )
  const state = error !== null ? "aborted" : row.value.stopRequested ? "stopped" : "completed"
  yield* store.end(exportId, {
    state,
    report: report === null ? null : JSON.stringify(report),
    error: error?.message ?? null,
    runEnd: report === null ? null : runEnd(state, report)
  })
})
