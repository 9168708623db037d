/** What an export is asked for, checked before anything is opened. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Follow from "../../Follow.ts"
import type { BatchRef } from "../../Job.ts"
import { type Capabilities, type JobSink, SinkError } from "../../JobSink.ts"
import * as LoadId from "../../LoadId.ts"
import * as OptionError from "../../OptionError.ts"

/** What is checked, as `Export.Options` describe it. */
interface Options {
  readonly batches: ReadonlyArray<BatchRef>
  readonly sinks: ReadonlyArray<JobSink>
  readonly concurrency: number
  readonly follow?: Follow.Options
  readonly grace?: Duration.Input
  readonly limit?: number
  readonly load?: number
}

/** The numbers of an export, with their defaults. */
export const checkOptions = Effect.fnUntraced(function*(options: Options) {
  const { concurrency, follow, grace = Duration.seconds(10), limit, load, sinks } = options
  if (follow !== undefined) yield* Follow.check(follow, "follow.")
  if (sinks.length === 0) {
    return yield* new OptionError.OptionError({ option: "sinks", detail: "must name a sink to store the jobs in" })
  }
  const twice = sinks.find((sink, index) => sinks.findIndex(({ id }) => id === sink.id) !== index)
  if (twice !== undefined) {
    return yield* misconfigured(twice, `two sinks would write to the same place, ${twice.id}: give each its own`)
  }
  for (const sink of sinks) {
    yield* Effect.catch(
      checkCapabilities(sink.capabilities),
      ({ message }) => misconfigured(sink, `what it declares cannot be: ${message}`)
    )
  }
  return {
    batches: eachOnce(options.batches),
    concurrency: yield* OptionError.count("concurrency", concurrency),
    grace: yield* OptionError.duration("grace", grace),
    limit: limit === undefined ? Number.POSITIVE_INFINITY : yield* OptionError.count("limit", limit),
    load: load === undefined ? yield* LoadId.make : yield* OptionError.count("load", load)
  }
})

/** Checks what a sink declares: with batches that hold nothing, a run would never end. */
export const checkCapabilities = ({ batch, concurrentBatches }: Capabilities) =>
  Effect.all([
    OptionError.count("capabilities.concurrentBatches", concurrentBatches),
    OptionError.count("capabilities.batch.maxRecords", batch.maxRecords),
    OptionError.positive("capabilities.batch.maxBytes", batch.maxBytes),
    OptionError.duration("capabilities.batch.maxAge", batch.maxAge)
  ], { discard: true })

const misconfigured = (sink: JobSink, detail: string) =>
  Effect.fail(new SinkError({ sink: sink.name, step: "open", reason: "misconfigured", detail }))

/** A batch that is named twice is listed once. */
export const eachOnce = (batches: ReadonlyArray<BatchRef>): ReadonlyArray<BatchRef> =>
  batches.filter(({ batchId, projectId }, index) =>
    batches.findIndex((other) => other.batchId === batchId && other.projectId === projectId) === index
  ).map(({ batchId, projectId }) => ({ projectId, batchId }))
