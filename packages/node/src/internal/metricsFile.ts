import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { rename, rm, writeFile } from "node:fs/promises"

export type MetricsFile = (file: string, interval: Duration.Input) => Effect.Effect<void, never, Scope.Scope>

/** Writes the metrics again and again until the scope closes, and then once more. */
export const metricsFile: MetricsFile = Effect.fnUntraced(function*(file, interval) {
  let hasWarned = false
  const write = Effect.flatMap(PrometheusMetrics.format(), (text) => Effect.tryPromise(() => replace(file, text))).pipe(
    Effect.catch(({ cause }) => {
      if (hasWarned) return Effect.void
      hasWarned = true
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown"
      return Effect.logWarning(`The metrics cannot be written to ${file} (${code}): check that its folder exists`)
    })
  )
  yield* Effect.addFinalizer(() => write)
  yield* Effect.forkScoped(Effect.repeat(write, Schedule.spaced(interval)))
})

const replace = async (file: string, text: string) => {
  const written = `${file}.${process.pid}.tmp`
  try {
    await writeFile(written, text)
    await rename(written, file)
  } catch (cause) {
    await rm(written, { force: true })
    throw cause
  }
}
