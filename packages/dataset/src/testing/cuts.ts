/** F08 and F09: a dataset that is cut short while it is built, and one that is read while it changes. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { DatasetError } from "../DatasetError.ts"
import type { Output } from "../DatasetFormat.ts"
import { byCodePoint } from "../internal/codePoints.ts"
import type { Input } from "../Sample.ts"
import { must } from "./expect.ts"
import type { Bench, Built, Files, ReadBack } from "./formatSubject.ts"

const cut = new DatasetError({ reason: "output", detail: "cut" })

/** Counts operations, and fails at one of them. */
const failingAt = (at: number) => {
  let done = 0
  return { step: Effect.suspend(() => done++ === at ? Effect.fail(cut) : Effect.void), isReached: () => done > at }
}

/** An output that keeps nothing, and fails at an operation: a file, a piece of one, or an input. */
const outputFailingAt = (at: number) => {
  const { isReached, step } = failingAt(at)
  const out: Output = {
    file: (_, content) =>
      typeof content === "string" || content instanceof Uint8Array
        ? step
        : Effect.andThen(step, Stream.runForEachArray(content, () => step)),
    media: () => step,
    note: () => Effect.void
  }
  return { out, isReached }
}

/** Inputs that cannot be read in the run of this number. */
const inputsFailingAt = (at: number, inputs: ReadonlyArray<Input>) => {
  const { isReached, step } = failingAt(at)
  return { inputs: Stream.unwrap(Effect.as(step, Stream.fromArray(inputs))), isReached }
}

const uncut: Output = outputFailingAt(Number.POSITIVE_INFINITY).out

export const failsWhenCut = Effect.fnUntraced(function*({ plain, write }: Bench) {
  const few = [plain(0), plain(1)]
  const mustFail = Effect.fnUntraced(
    function*(run: ReturnType<Bench["write"]>, isReached: () => boolean, what: string) {
      const result = yield* Effect.result(run)
      if (!isReached()) return false
      yield* must(
        result._tag === "Failure" && result.failure === cut,
        () => `${what} ${result._tag === "Failure" ? `became another error: ${String(result.failure)}` : "was ignored"}`
      )
      return true
    }
  )
  for (let at = 0, more = true; more; at++) {
    const { inputs, isReached } = inputsFailingAt(at, few)
    more = yield* mustFail(write(inputs, uncut), isReached, `the error of pass ${at + 1} over the samples`)
  }
  for (let at = 0, more = true; more; at++) {
    const { isReached, out } = outputFailingAt(at)
    more = yield* mustFail(write(Stream.fromArray(few), out), isReached, `the error of write ${at + 1}`)
  }
})

/** The folder at each step from one dataset to the next: entries go first and come last. Other files change in any order. */
function* steps(before: Built, after: Built): Generator<Files> {
  const entries = new Set([...before.entries, ...after.entries])
  const isSame = (path: string) => {
    const [a, b] = [before.files.get(path), after.files.get(path)]
    return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0
  }
  const changed = [...new Set([...before.files.keys(), ...after.files.keys()])]
    .filter((path) => !entries.has(path) && !isSame(path)).sort(byCodePoint)
  for (const paths of [changed, changed.toReversed()]) {
    const files = new Map(before.files)
    for (const path of entries) files.delete(path)
    yield new Map(files)
    for (const path of paths) {
      const bytes = after.files.get(path)
      if (bytes === undefined) files.delete(path)
      else files.set(path, bytes)
      yield new Map(files)
    }
  }
}

const nothing: ReadBack = { classes: [], samples: new Map() }

export const hidesHalves = Effect.fnUntraced(function*({ grown, ordinary, read }: Bench) {
  for (const files of steps(yield* ordinary, yield* grown)) {
    // A reader that fails finds nothing.
    const { samples: { size } } = yield* Effect.catchDefect(read(files), () => Effect.succeed(nothing))
    yield* must(size === 0, () => `a reader finds ${size} samples while the dataset changes`)
  }
})
