/**
 * An export as a durable workflow: open, list and store, publish, end. Each step is an activity, so that a runner that
 * takes the export over after another one died goes on with the step that was not done.
 */
import type { GtStudio, Ledger, Spool } from "@labelstream/core"
import * as Clock from "effect/Clock"
import type { Sharding } from "effect/cluster/Sharding"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Activity from "effect/workflow/Activity"
import * as Workflow from "effect/workflow/Workflow"
import type { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import { ClusterError } from "./ClusterError.ts"
import { ExportStore, runEnd } from "./ExportStore.ts"
import { step } from "./internal/failure.ts"
import { doJobs } from "./internal/jobs.ts"
import { open, publish } from "./internal/publish.ts"
import { reportOf } from "./internal/report.ts"
import { know } from "./internal/sessions.ts"
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
  /** Most jobs of a slice. Default 200: a runner that dies loses the time of its slices, never their results. */
  readonly sliceJobs: number
  /** Jobs of one slice in flight. */
  readonly concurrency: number
}

/** Does exports. */
export const layer = (options: Options): Layer.Layer<
  never,
  never,
  WorkflowEngine | Sharding | ExportStore | SinkResolver | Ledger.Ledger | GtStudio.GtStudio | Spool.Spool
> =>
  ExportWorkflow.toLayer(({ exportId }) =>
    Effect.gen(function*() {
      const activity = <A extends Schema.Top, R>(
        name: string,
        success: A,
        execute: Effect.Effect<A["Type"], ClusterError, R>
      ) => Activity.make({ name, success, error: ClusterError, execute })

      const known = step(know(exportId, options.platform))
      const work = Effect.gen(function*() {
        yield* activity("open", Schema.Void, Effect.flatMap(known, open))
        yield* activity("jobs", Schema.Void, Effect.flatMap(known, (known) => doJobs(exportId, known, options)))
      })
      const failure = yield* Effect.match(work, { onFailure: (error) => error, onSuccess: () => null })
      // What was stored is published also where the export cannot go on.
      const publishing = activity("publish", Schema.Void, Effect.flatMap(known, (known) => publish(exportId, known)))
      const unpublished = yield* Effect.match(publishing, { onFailure: (error) => error, onSuccess: () => null })
      const error = failure ?? unpublished
      yield* activity("end", Schema.Void, step(endOf(exportId, error))).pipe(Effect.orDie)
    })
  )

/** Notes how an export ended, with its report: the row is what everybody who waits looks at. */
const endOf = Effect.fnUntraced(function*(exportId: string, error: ClusterError | null) {
  const store = yield* ExportStore
  const row = yield* store.find(exportId)
  if (Option.isNone(row) || row.value.state !== "running") return
  const endedAt = yield* Clock.currentTimeMillis
  const report = yield* reportOf({ ...row.value, endedAt }, endedAt)
  const state = error !== null ? "broken" : report.stopped ? "stopped" : "completed"
  yield* store.end(exportId, {
    state,
    report: JSON.stringify(report),
    error: error?.message ?? null,
    runEnd: runEnd(state, report)
  })
})
