/**
 * Makes objects that live a while, with the heap kept small or not, and says how far the heap grew for them. Time passes
 * when it is told to.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { getHeapSpaceStatistics } from "node:v8"
import * as NodeHeap from "../../src/NodeHeap.ts"

const size = (space: string) => getHeapSpaceStatistics().find(({ space_name }) => space_name === space)!.space_size

/** Greatest sizes, in bytes, while objects come of which up to 200,000 live at a time. */
const grown = () => {
  let [young, old] = [0, 0]
  let living: Array<object> = []
  for (let round = 0; round < 500; round++) {
    for (let made = 0; made < 5000; made++) living.push({ made, text: `${round}-${made}` })
    if (living.length > 200_000) living = living.slice(100_000)
    young = Math.max(young, size("new_space"))
    old = Math.max(old, size("old_space"))
  }
  return { young, old }
}

/** The layer holds the space for young objects where it is once that has 16 MiB, as in every program of some size. */
const growYoung = () => {
  const living: Array<object> = []
  while (size("new_space") < 16 * 1024 * 1024) for (let made = 0; made < 1000; made++) living.push({ made })
}

const program = Effect.gen(function*() {
  growYoung()
  yield* TestClock.adjust("1 second")
  return { before: size("new_space"), ...grown() }
})

const kept = program.pipe(Effect.provide(process.argv[2] === "small" ? NodeHeap.layerSmall : Layer.empty))
const runs = Effect.all([kept, process.argv[3] === "and after" ? program : Effect.void])
console.log(JSON.stringify(await Effect.runPromise(Effect.provide(runs, TestClock.layer()))))
