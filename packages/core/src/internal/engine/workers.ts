import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

/**
 * Runs over a stream with a fiber for each of `workers`, in no order. As `Stream.mapEffect` does with `unordered`, but that
 * one makes a fiber for each element and hands its result on, which costs as much as a request. Where the stream fails,
 * what has been begun ends first; the first failure of `each` ends everything.
 */
export const forEachWorker = <A, E, R, E2, R2>(
  stream: Stream.Stream<A, E, R>,
  workers: number,
  each: (element: A) => Effect.Effect<unknown, E2, R2>
): Effect.Effect<void, E | E2, R | R2> =>
  Effect.gen(function*() {
    const queue = yield* Queue.bounded<A, Cause.Done>(1)
    const worker = Effect.whileLoop({
      while: () => true,
      body: () => Effect.flatMap(Queue.take(queue), each),
      step: () => {}
    }).pipe(Effect.catchIf((error): error is Cause.Done => Cause.isDone(error), () => Effect.void))
    const source = Effect.onExitPrimitive(
      Stream.runForEachArray(stream, (elements) => Queue.offerAll(queue, elements)),
      () => Queue.end(queue)
    )
    const [ended] = yield* Effect.all(
      [Effect.exit(source), ...Array.from({ length: workers }, () => worker)],
      { concurrency: "unbounded" }
    )
    return yield* ended
  })
