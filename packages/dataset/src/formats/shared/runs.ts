/** Splits samples into runs of neighbors, such as the frames of each job, without holding more than a few of them. */
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { DatasetError } from "../../DatasetError.ts"
import * as Names from "../../Names.ts"
import type { Sample } from "../../Sample.ts"

/**
 * Runs `each` once for every run of neighbors with the same key. The stream of a run can be read once, while `each` is
 * running; a sample's key is asked for after the one before it was taken.
 */
export const forEachRun = (
  samples: Stream.Stream<Sample, DatasetError>,
  keyOf: (sample: Sample) => string,
  each: (first: Sample, run: Stream.Stream<Sample, DatasetError>) => Effect.Effect<void, DatasetError>
): Effect.Effect<void, DatasetError> =>
  Effect.scoped(Effect.gen(function*() {
    const pull = yield* Stream.toPull(samples)
    let held: ReadonlyArray<Sample> = []
    let at = 0
    const more = pull.pipe(
      Effect.map((some): Sample | undefined => {
        held = some
        at = 0
        return held[0]
      }),
      Pull.catchDone(() => Effect.succeed(undefined))
    )
    const peek = Effect.suspend(() => at < held.length ? Effect.succeed(held[at]) : more)
    for (let first = yield* peek; first !== undefined; first = yield* peek) {
      const key = keyOf(first)
      const run = Stream.unfold(null, () =>
        Effect.map(peek, (next) => {
          if (next === undefined || keyOf(next) !== key) return undefined
          at++
          return [next, null] as const
        }))
      yield* each(first, run)
      yield* Stream.runDrain(run)
    }
  }))

const jobKey = ({ job: { batchId, jobId }, split }: Sample): string => JSON.stringify([split, batchId, jobId])

/** A video: consecutive frames of a job. */
export interface Video {
  /** The job id as the name of a folder or file: safe, and unique in the dataset. */
  readonly name: string
  readonly first: Sample
}

/** Runs over videos. All samples are frames. */
export const forEachVideo = (
  samples: Stream.Stream<Sample, DatasetError>,
  each: (video: Video, frames: Stream.Stream<Sample, DatasetError>) => Effect.Effect<void, DatasetError>
): Effect.Effect<void, DatasetError> =>
  Effect.suspend(() => {
    const naming = Names.make()
    return forEachRun(samples, jobKey, (first, frames) => {
      const name = naming.give({ kind: "image", url: null, frame: null, job: first.job }, "job")
      return each({ name, first }, frames)
    })
  })
