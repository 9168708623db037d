/**
 * Makes objects that live a while, with or without a small heap, and reports how far the heap grew. Time passes on
 * command.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { getHeapSpaceStatistics } from "node:v8"
import * as NodeHeap from "../../src/NodeHeap.ts"

const size = (space: string) => getHeapSpaceStatistics().find(({ space_name }) => space_name === space)!.space_size

/** Greatest sizes, in bytes, while up to 200,000 objects are alive at a time. */
const grown = () => {
  let [young, old] = [0, 0]
  let living: Array<object> = []
  for (let round = 0; round < 1000; round++) {
    for (let made = 0; made < 5000; made++) living.push({ made, text: `${round}-${made}` })
    if (living.length > 200_000) living = living.slice(100_000)
    young = Math.max(young, size("new_space"))
    old = Math.max(old, size("old_space"))
  }
  return { young, old }
}

/** The layer limits the space for young objects once it has 16 MiB, as in every larger program. */
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
