/** Splits the samples of a split into files of bounded size. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { DatasetError } from "../../DatasetError.ts"
import type { Sample, Samples } from "../../Sample.ts"
import { forEachRun } from "./runs.ts"

/** The option of the size. */
export const shardBytes = (what: string) =>
  Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))).annotate({
    description: `${what} ends after the sample that reaches this size in bytes. Default: 536870912 (512 MiB).`
  })

/** The default of the size. */
export const defaultShardBytes: number = 512 * 1024 * 1024

/** One file: its split, its number in it as six digits, and its samples, which are read once. */
export interface Shard {
  readonly split: string
  readonly number: string
  readonly samples: Stream.Stream<Sample, DatasetError>
  /** Counts bytes that the samples took. */
  readonly add: (bytes: number) => void
}

/** Runs over the shards of all splits. A split without samples has one, too. */
export const forEachShard = (
  { of, splits }: Samples,
  limit: number,
  each: (shard: Shard) => Effect.Effect<void, DatasetError>
): Effect.Effect<void, DatasetError> =>
  Effect.forEach(splits, (split) =>
    Effect.suspend(() => {
      let [number, bytes, made] = [0, 0, 0]
      const shardOf = (samples: Shard["samples"]): Effect.Effect<void, DatasetError> => {
        made++
        return each({ split, number: String(number).padStart(6, "0"), samples, add: (some) => void (bytes += some) })
      }
      const keyOf = () => {
        if (bytes >= limit) {
          bytes = 0
          number++
        }
        return String(number)
      }
      return Effect.andThen(
        forEachRun(of(split), keyOf, (_, run) => shardOf(run)),
        Effect.suspend(() => made === 0 ? shardOf(Stream.empty) : Effect.void)
      )
    }), { discard: true })
