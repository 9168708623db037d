import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { firstBytes } from "../ImageHeader.ts"

/** Returns the first 64 KiB of a stream, or all of a shorter one, and reads no further chunk. */
export const firstOf = <E, R>(stream: Stream.Stream<Uint8Array, E, R>): Effect.Effect<Uint8Array, E, R> =>
  Effect.suspend(() => {
    const first = new Uint8Array(firstBytes)
    let size = 0
    return stream.pipe(
      Stream.takeUntil((chunk) => {
        const part = chunk.subarray(0, firstBytes - size)
        first.set(part, size)
        size += part.length
        return size === firstBytes
      }),
      Stream.runDrain,
      Effect.map(() => first.subarray(0, size))
    )
  })
