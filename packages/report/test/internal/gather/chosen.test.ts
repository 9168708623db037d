import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Gallery, type Traits } from "../../../src/internal/gather/chosen.ts"

const kinds = ["image", "mask", "video"]

const Job = Schema.Struct({
  kind: Schema.Literals(["image", "mask", "video"]),
  types: Schema.Literals(["box", "box line", "line", "box line point"]),
  hash: Schema.Int
})

const traitsOf = (jobs: ReadonlyArray<typeof Job.Type>): ReadonlyArray<Traits> =>
  Array.from(
    new Map(jobs.map(({ hash, kind, types }) => [
      `${kind} ${types} ${hash}`,
      { kind, types: types.split(" "), hash: String(hash) }
    ])).values()
  )

const chosen = (size: number, jobs: ReadonlyArray<Traits>) => {
  const gallery = new Gallery<Traits>(size)
  for (const job of jobs) if (gallery.wants(job)) gallery.put(job, job)
  return gallery.items()
}

describe("the choice of jobs to draw", () => {
  it.effect.prop(
    "is the same in any order, and holds every kind that there is room for",
    [Schema.Array(Job)],
    ([all]) =>
      Effect.sync(() => {
        const jobs = traitsOf(all)
        for (const size of [0, 1, 3, 5]) {
          const items = chosen(size, jobs)
          assert.deepStrictEqual(chosen(size, jobs.toReversed()), items)
          assert.strictEqual(items.length, Math.min(size, jobs.length))
          const there = kinds.filter((kind) => jobs.some((job) => job.kind === kind))
          const shown = kinds.filter((kind) => items.some((job) => job.kind === kind))
          if (size >= kinds.length) assert.deepStrictEqual(shown, there)
        }
      })
  )

  it("begins with the jobs of most types", () => {
    const jobs = traitsOf([
      { kind: "image", types: "box", hash: 1 },
      { kind: "image", types: "box line point", hash: 9 },
      { kind: "image", types: "box line", hash: 5 }
    ])
    assert.deepStrictEqual(chosen(2, jobs).map(({ hash }) => hash), ["9", "5"])
  })
})
