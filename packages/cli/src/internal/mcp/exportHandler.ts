/** The handler of the export tool of `labelstream mcp`: it exports once the user has agreed to the plan. */
import { Export, Plan } from "@labelstream/core"
import * as Effect from "effect/Effect"
import { filterOf, prepare } from "../commands/export.ts"
import { batchPlanObject } from "../commands/plan.ts"
import { Failures, reportObject } from "../output/reportObject.ts"
import { batchesOf, ledgerSoFar, platformReadOnly } from "../platform.ts"
import type { Settings } from "../settings/settings.ts"
import { makeAll } from "../settings/sinkTargets.ts"
import { exportingTools, most, ToolError } from "./mcpTools.ts"
import { asToolError } from "./readingHandlers.ts"

const plan = Effect.fnUntraced(function*(settings: Settings) {
  const sinks = yield* makeAll(settings.to)
  return yield* Effect.gen(function*() {
    const { filter } = filterOf(settings)
    const { batches, limited } = yield* Plan.make({
      batches: yield* batchesOf(settings),
      sinks: sinks.map(({ id }) => id),
      sample: 0,
      ...(filter === undefined ? {} : { filter }),
      ...(settings.limit === undefined ? {} : { limit: settings.limit })
    })
    return { batches: batches.slice(0, most.batches).map(batchPlanObject), limited }
  }).pipe(Effect.provide([ledgerSoFar(settings), platformReadOnly(settings)]))
})

const run = Effect.fnUntraced(function*(settings: Settings) {
  const { context, options } = yield* prepare(settings)
  const failures = new Failures()
  const report = yield* Export.run({ ...options, onEvent: failures.onEvent }).pipe(Effect.provide(context))
  const object = reportObject(report, failures.jobs.slice(0, most.failures))
  return { ...object, batches: object.batches.slice(0, most.batches) }
}, Effect.scoped)

/** The handler. Its sinks and project come from the settings, which no client can change. */
export const exportHandler = (settings: Settings) =>
  exportingTools.toLayer({
    export: ({ batch_ids, confirm = false, limit }) =>
      Effect.gen(function*() {
        if (limit !== undefined && limit < 1) return yield* new ToolError({ message: "limit: expected 1 or more" })
        const asked: Settings = {
          ...settings,
          ...(batch_ids.length === 0 ? {} : { batches: batch_ids, allBatches: false }),
          limit: limit ?? settings.limit
        }
        return confirm
          ? {
            confirmed: true,
            next: "The export has ended. Failed jobs: call failures.",
            plan: null,
            export: yield* run(asked)
          }
          : {
            confirmed: false,
            next: "Nothing was exported. Show this plan to the user, then call export with confirm: true.",
            plan: yield* plan(asked),
            export: null
          }
      }).pipe(asToolError)
  })
