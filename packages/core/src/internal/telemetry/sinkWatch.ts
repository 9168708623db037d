import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { CommitToken, JobRecord, OpenSink } from "../../JobSink.ts"
import { metrics, spans, type Spec } from "../../Telemetry.ts"
import { type Instruments, seconds } from "./instruments.ts"
import { inSpan } from "./span.ts"

/** A sink that reports its batches: durations, jobs, rows, and bytes. */
export const watchedSink = (sink: string, open: OpenSink, instruments: Instruments): OpenSink => {
  /** Rows read so far for what is staged and not committed. */
  const staged = new Map<CommitToken, { rows: number }>()

  const timed = <A, E>(name: string, metric: Spec<"sink">, jobs: number | undefined, step: Effect.Effect<A, E>) => {
    const attributes = {
      "labelstream.sink": sink,
      ...(jobs === undefined ? {} : { "labelstream.jobs": jobs })
    }
    return Effect.clockWith((clock) => {
      const started = clock.monotonicTimeNanosUnsafe()
      return inSpan(
        name,
        { attributes },
        () =>
          Effect.onExit(
            step,
            () =>
              Effect.sync(() =>
                instruments.update(metric, { sink }, seconds(started, clock.monotonicTimeNanosUnsafe()))
              )
          )
      )
    })
  }

  return {
    stage: (token, records) =>
      Effect.suspend(() => {
        const counted = { rows: 0 }
        staged.set(token, counted)
        const step = open.stage(token, records.map((record) => withRowsCounted(record, counted)))
        return Effect.tap(timed(spans.stage, metrics.stageDuration, records.length, step), (rejections) =>
          Effect.sync(() =>
            instruments.update(metrics.sinkJobs, { sink, outcome: "rejected" }, rejections.length)
          ))
      }),
    commit: (token) =>
      Effect.tap(
        timed(spans.commit, metrics.commitDuration, undefined, open.commit(token)),
        (receipts) =>
          Effect.sync(() => {
            instruments.update(metrics.sinkJobs, { sink, outcome: "stored" }, receipts.length)
            instruments.update(metrics.sinkBytes, { sink }, receipts.reduce((sum, { bytes }) => sum + bytes, 0))
            instruments.update(metrics.sinkRows, { sink }, staged.get(token)?.rows ?? 0)
            staged.delete(token)
          })
      ),
    abort: (token) =>
      Effect.suspend(() => {
        staged.delete(token)
        return open.abort(token)
      }),
    finish: (end) => open.finish(end)
  }
}

const withRowsCounted = (record: JobRecord, counted: { rows: number }): JobRecord => {
  const rows: JobRecord["parsed"]["rows"] = (job) =>
    Stream.map(record.parsed.rows(job), (decoded) => {
      counted.rows += decoded.rows.length
      return decoded
    })
  return { ...record, parsed: { ...record.parsed, rows } }
}
