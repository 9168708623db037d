/** F07: how much a format writes between two samples that it reads. A format that collects samples writes all of it last. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { DatasetError } from "../DatasetError.ts"
import type { Output } from "../DatasetFormat.ts"
import type { Input } from "../Sample.ts"
import * as Split from "../Split.ts"
import { must } from "./expect.ts"
import type { Bench } from "./formatSubject.ts"

/** Samples that are read at once. */
const atOnce = 10

interface Pace {
  /** Bytes of all files. */
  readonly written: number
  /** Most bytes that were written without reading a sample. */
  readonly longest: number
}

const split = Split.make({ shares: { train: 1 } })

const paceOf = ({ plain, write }: Bench, samples: number): Effect.Effect<Pace, DatasetError> =>
  Effect.suspend(() => {
    let [written, since, longest] = [0, 0, 0]
    const add = (bytes: number) => {
      written += bytes
      since += bytes
      longest = Math.max(longest, since)
    }
    const inputs = Stream.map(Stream.range(0, samples - 1, atOnce), (index): Input => {
      since = 0
      return plain(index)
    })
    const sizeOf = (content: string | Uint8Array) =>
      typeof content === "string" ? Buffer.byteLength(content) : content.length
    const out: Output = {
      file: (path, content) =>
        typeof content === "string" || content instanceof Uint8Array
          ? Effect.sync(() => add(path.length + sizeOf(content)))
          : Stream.runForEachArray(content, (some) => Effect.sync(() => some.forEach((bytes) => add(bytes.length)))),
      media: (_, path) => Effect.sync(() => add(path.length)),
      note: () => Effect.void
    }
    return Effect.map(write(inputs, out, { split }), () => ({ written, longest }))
  })

/** Allows a tenth of the growth for a footer, which can list blocks of samples. */
export const keepsPace = Effect.fnUntraced(function*(bench: Bench) {
  const [few, many] = bench.samples
  const [before, after] = [yield* paceOf(bench, few), yield* paceOf(bench, many)]
  const grows = after.longest - before.longest
  yield* must(
    grows <= (after.written - before.written) / 10,
    () =>
      `${many} samples make ${grows} bytes more than ${few} that are written after the last one was read, of ` +
      `${after.written - before.written} bytes more in all`
  )
})
