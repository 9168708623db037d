/** Stages the records of a batch, several at the same time. */
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

/** What became of the records of a batch, in their order. */
export interface Outcome<S> {
  readonly staged: ReadonlyArray<S>
  readonly rejected: ReadonlyArray<JobSink.Rejection>
}

/**
 * Stages each record, at most `workers` at a time. A failure of this record alone, with the reason `rejected` or
 * `conflict`, rejects the record; any other fails the batch.
 */
export const forEach = <S>(
  records: ReadonlyArray<JobSink.JobRecord>,
  workers: number,
  stage: (record: JobSink.JobRecord, number: number) => Effect.Effect<S, JobSink.SinkError>
): Effect.Effect<Outcome<S>, JobSink.SinkError> =>
  Effect.map(
    forEachWorker(records, workers, (record, number) => isolate(record, stage(record, number))),
    (results) => ({
      staged: results.filter(Result.isSuccess).map(({ success }) => success),
      rejected: results.filter(Result.isFailure).map(({ failure }) => failure)
    })
  )

const isolate = <S>(record: JobSink.JobRecord, effect: Effect.Effect<S, JobSink.SinkError>) =>
  Effect.matchEffect(effect, {
    onSuccess: (staged) => Effect.succeed(Result.succeed(staged)),
    onFailure: (error): Effect.Effect<Result.Result<S, JobSink.Rejection>, JobSink.SinkError> =>
      error.reason === "rejected" || error.reason === "conflict"
        ? Effect.succeed(Result.fail({ batchId: record.batchId, jobId: record.jobId, error }))
        : Effect.fail(error)
  })

/**
 * Runs over the items with at most `workers` at a time and returns the results in their order. As `Effect.forEach` with
 * `concurrency`, but with a fiber per worker: a fiber per item costs as much as a small file.
 */
const forEachWorker = <A, B, E>(
  items: ReadonlyArray<A>,
  workers: number,
  each: (item: A, index: number) => Effect.Effect<B, E>
): Effect.Effect<ReadonlyArray<B>, E> =>
  Effect.suspend(() => {
    const results: Array<B> = []
    let next = 0
    const worker = Effect.suspend(() => {
      let index = 0
      return Effect.whileLoop({
        while: () => (index = next++) < items.length,
        body: () => each(items[index]!, index),
        step: (result) => {
          results[index] = result
        }
      })
    })
    return Effect.as(
      Effect.all(Array.from({ length: workers }, () => worker), { concurrency: "unbounded", discard: true }),
      results
    )
  })
