/** The handlers of the read-only tools of `labelstream mcp`. */
import { Ledger } from "@labelstream/core"
import * as PlainText from "@labelstream/core/PlainText"
import { JobDrawing } from "@labelstream/report"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as JsonOutput from "../../JsonOutput.ts"
import { batchesObject } from "../commands/batches.ts"
import type { Failure } from "../failure.ts"
import { didYouMean } from "../output/didYouMean.ts"
import * as LedgerSummary from "../output/ledgerSummary.ts"
import { failedJob } from "../output/reportObject.ts"
import { unpublishedOf } from "../output/unpublished.ts"
import { ledgerReadOnly, platformReadOnly, projectOf } from "../platform.ts"
import type { Settings } from "../settings/settings.ts"
import { makeAll } from "../settings/sinkTargets.ts"
import { targetsOf } from "../settings/storedTargets.ts"
import { most, readingTools, ToolError } from "./mcpTools.ts"
import { readOnlyQuery } from "./readOnlyQuery.ts"

/** Turns every failure into the failure of a tool. */
export const asToolError = <A, R>(effect: Effect.Effect<A, Failure | ToolError, R>): Effect.Effect<A, ToolError, R> =>
  Effect.mapError(
    effect,
    (error) => error._tag === "ToolError" ? error : new ToolError({ message: PlainText.message(error.message) })
  )

const limitOf = (given: number | undefined, byDefault: number, highest: number): Effect.Effect<number, ToolError> => {
  const limit = given ?? byDefault
  return limit >= 1 && limit <= highest
    ? Effect.succeed(limit)
    : new ToolError({ message: `limit: expected a whole number from 1 to ${highest}` })
}

/** The SQLite database that a query is for: one of those that the ledger has, never a path of the client. */
const databaseOf = Effect.fnUntraced(function*(named: string | undefined) {
  const { sinks } = yield* LedgerSummary.read([])
  const ids = sinks.flatMap(({ sink }) => sink.startsWith("sqlite:") ? [sink] : [])
  const [only] = ids
  if (only === undefined) {
    return yield* new ToolError({ message: "No SQLite sink has stored jobs. Export with --to sqlite:FILE first" })
  }
  if (named === undefined && ids.length > 1) {
    return yield* new ToolError({ message: `Name one of these sinks: ${ids.join(", ")}` })
  }
  const id = named === undefined ? only : ids.find((each) => each === named)
  return id === undefined
    ? yield* new ToolError({ message: `There is no such SQLite sink.${didYouMean(named ?? "", ids)}` })
    : id.slice("sqlite:".length)
})

const failedJobs = Effect.fnUntraced(function*(batchId: string | undefined, limit: number) {
  const ledger = yield* Ledger.Ledger
  const found: Array<typeof JsonOutput.Failure.Type> = []
  let total = 0
  yield* Stream.runForEach(ledger.entries({ stage: "failed" }), (entries) =>
    Effect.sync(() => {
      for (const { error, ...entry } of entries) {
        if (error === null || (batchId !== undefined && entry.batchId !== batchId)) continue
        if (total++ < limit) found.push(failedJob({ ...entry, error }))
      }
    }))
  return { failures: found, more_failures: total - found.length }
})

/** The handlers, with settings that are fixed when the server starts. */
export const readingHandlers = (settings: Settings) => {
  const ledger = ledgerReadOnly(settings)
  const draw = Effect.fnUntraced(function*(batchId: string, jobId: string) {
    const sinks = yield* makeAll(yield* targetsOf(settings))
    const drawing = yield* JobDrawing.make({ sinks, batchId, jobId })
    if (Option.isNone(drawing)) {
      return yield* new ToolError({ message: "No sink holds such a job, or it has no drawing" })
    }
    return drawing.value.length <= most.drawing
      ? { svg: drawing.value }
      : yield* new ToolError({ message: "The drawing is too large. Use labelstream report instead" })
  })
  return readingTools.toLayer({
    status: () =>
      LedgerSummary.read([]).pipe(
        Effect.flatMap((found) => Effect.map(unpublishedOf(settings, found.sinks), (lines) => ({ ...found, lines }))),
        Effect.map(({ batches, failures, lines, sinks }) => ({
          ...LedgerSummary.object(settings.ledgerName, {
            batches: batches.slice(0, most.batches),
            failures: failures.slice(0, most.failures),
            sinks: sinks.slice(0, most.batches)
          }, lines),
          more_batches: Math.max(0, batches.length - most.batches)
        })),
        Effect.provide(ledger),
        asToolError
      ),
    failures: ({ batch_id, limit }) =>
      Effect.flatMap(limitOf(limit, 20, most.failures), (most) => failedJobs(batch_id, most)).pipe(
        Effect.provide(ledger),
        asToolError
      ),
    batches: ({ project_id }) =>
      Effect.gen(function*() {
        const object = yield* batchesObject(project_id ?? (yield* projectOf(settings)))
        const { batches } = object
        return {
          ...object,
          batches: batches.slice(0, most.batches),
          more_batches: Math.max(0, batches.length - most.batches)
        }
      }).pipe(Effect.provide(platformReadOnly(settings)), asToolError),
    query: ({ limit, sink, sql }) =>
      Effect.gen(function*() {
        const rows = yield* limitOf(limit, 50, most.rows)
        return yield* readOnlyQuery({ file: yield* databaseOf(sink), sql, limit: rows })
      }).pipe(Effect.provide(ledger), asToolError),
    picture: ({ batch_id, job_id }) => draw(batch_id, job_id).pipe(Effect.provide(ledger), asToolError)
  })
}
