import * as Effect from "effect/Effect"

/**
 * Runs over the items with at most `workers` at a time and answers the results in their order. As `Effect.forEach` does with
 * `concurrency`, but with a fiber for each worker: one for each item costs as much as a small file.
 */
export const forEachWorker = <A, B, E>(
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
