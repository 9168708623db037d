/** Text files of any length, made while they are written. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { DatasetError } from "../DatasetError.ts"
import type { Sample } from "../Sample.ts"

/** Samples, and the text that each adds to a file; at once, or after it has read something. */
export type Passage = readonly [
  samples: Stream.Stream<Sample, DatasetError>,
  piece: (sample: Sample) => string | Effect.Effect<string, DatasetError>
]

/** The bytes of a text: passages over samples, with text before, between and after. */
export const textOf = (...parts: ReadonlyArray<string | Passage>): Stream.Stream<Uint8Array, DatasetError> =>
  parts.map((part): Stream.Stream<string, DatasetError> => {
    if (typeof part === "string") return Stream.succeed(part)
    const [samples, piece] = part
    return Stream.mapEffect(samples, (sample) => {
      const text = piece(sample)
      return typeof text === "string" ? Effect.succeed(text) : text
    })
  }).reduce((before, next) => Stream.concat(before, next)).pipe(
    Stream.filter((text) => text !== ""),
    Stream.encodeText
  )
