import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import type { Fs } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { scale } from "../../../scripts/testScale.ts"
import { Coco, DatasetSink } from "../src/index.ts"
import { boxes, job } from "./support/jobs.ts"
import { dying, inspected, run, temporary, tree, unsynced } from "./support/targets.ts"

const size = [100, 50] as const
const files = { "a.png": Buffer.from("a"), "b.png": Buffer.from("bb"), "c.png": Buffer.from("ccc") }

/** Two runs: the second one changes a job, takes an image from another, and adds one. */
const runs: Effect.Effect<ReadonlyArray<ReadonlyArray<JobSink.JobRecord>>> = Effect.all([
  Effect.all([
    job({ job: "changed", document: boxes("a.png", ["car"]), files, size }),
    job({ job: "renamed", document: boxes("old.png", ["car", "bus"]), files: { "old.png": Buffer.from("old") }, size }),
    job({ job: "same", document: boxes("b.png", []), files, size })
  ]),
  Effect.all([
    job({ job: "changed", document: boxes("a.png", ["car", "van"]), files, size }),
    job({ job: "renamed", document: boxes("new.png", ["bus"]), size }),
    job({ job: "added", document: boxes("c.png", ["axe"]), files, size })
  ])
])

const make = (directory: string, fs: Fs = unsynced()) => DatasetSink.makeWith(Coco.format, { directory }, fs)

/** Operations from one death to the next. Each operation takes minutes. */
const step = scale(25, 1)

const entry = (directory: string) => join(directory, "annotations", "instances_train.json")

describe(`a dataset sink that is killed at any ${scale(`${step}th `, "")}operation`, () => {
  it.effect(
    "leaves the old dataset, no entry file, or the new dataset, and publishes once when it is run again",
    () =>
      Effect.gen(function*() {
        const [first, second] = yield* runs
        const unbroken = yield* temporary
        yield* run(make(unbroken), first!, "t0")
        const old = tree(unbroken)
        const before = yield* temporary
        cpSync(unbroken, before, { recursive: true, preserveTimestamps: true })
        yield* run(make(unbroken), second!, "t1")
        const now = tree(unbroken)
        assert.notDeepEqual(old, now)
        assert.strictEqual((yield* inspected(make(unbroken))).filter(({ _tag }) => _tag !== "Intact").length, 0)
        const seen = { old: 0, none: 0, now: 0 }
        const diesAt = (at: number) =>
          Effect.scoped(
            Effect.gen(function*() {
              const directory = yield* temporary
              cpSync(before, directory, { recursive: true, preserveTimestamps: true })
              const { fs, used } = dying(at)
              const exit = yield* Effect.exit(run(make(directory, fs), second!, "t1"))
              const died = exit._tag === "Failure"
              rmSync(join(directory, ".labelstream", "lock"), { force: true })
              const left = (yield* inspected(make(directory))).filter(({ _tag }) => _tag !== "Intact")
              assert.deepStrictEqual(left.filter(({ _tag }) => _tag !== "Leftover"), [], `operation ${at}`)
              const found = tree(directory)
              if (!existsSync(entry(directory))) seen.none++
              else if (found["annotations/instances_train.json"] === old["annotations/instances_train.json"]) {
                assert.deepStrictEqual(found, old, `operation ${at}`)
                seen.old++
              } else {
                assert.deepStrictEqual(found, now, `operation ${at}`)
                seen.now++
              }
              yield* run(make(directory), second!, "t2")
              assert.deepStrictEqual(tree(directory), now, `operation ${at} of ${used()}`)
              const wrong = (yield* inspected(make(directory))).filter(({ _tag }) => _tag !== "Intact")
              assert.deepStrictEqual(wrong, [], `operation ${at}`)
              return died
            })
          )
        let at = 0
        while (yield* diesAt(at)) at += step
        assert.isAbove(Math.min(seen.old, seen.none, seen.now), 0)
      }),
    1_200_000
  )

  it.effect(
    "holds the same jobs when it dies while it drops replaced records, and drops them when it is run again",
    () =>
      Effect.gen(function*() {
        const before = yield* temporary
        for (let round = 0; round < 4; round++) {
          const labels = Array.from({ length: 50 }, (_, index) => `${round} ${index} `.padEnd(2000, "long "))
          yield* run(
            make(before),
            [yield* job({ job: "a", document: boxes("a.png", labels), size })],
            `${round}`,
            "stopped"
          )
        }
        const kept = (directory: string) => readdirSync(join(directory, ".labelstream", "records")).length
        const copied = Effect.tap(temporary, (directory) =>
          Effect.sync(() => cpSync(before, directory, { recursive: true })))
        const unbroken = yield* copied
        const { fs, used } = dying(Number.POSITIVE_INFINITY)
        yield* run(make(unbroken, fs), [])
        assert.deepStrictEqual([kept(before), kept(unbroken)], [4, 1])
        const seen = { old: 0, now: 0 }
        // The last operations are those that publish the list of jobs.
        for (let at = used() - 1; at > 0.7 * used(); at -= step) {
          const directory = yield* copied
          yield* Effect.exit(run(make(directory, dying(at).fs), []))
          rmSync(join(directory, ".labelstream", "lock"), { force: true })
          const left = (yield* inspected(make(directory))).filter(({ _tag }) =>
            _tag !== "Leftover"
          )
          assert.deepStrictEqual(left.map(({ _tag }) => _tag), ["Intact"], `operation ${at}`)
          seen[kept(directory) === 1 ? "now" : "old"]++
          yield* run(make(directory), [yield* job({ job: "b", document: boxes("b.png", []), size })], "again")
          assert.deepStrictEqual(yield* make(directory).count!, 2)
          const wrong = (yield* inspected(make(directory))).filter(({ _tag }) => _tag !== "Intact")
          assert.deepStrictEqual(wrong, [], `operation ${at}`)
          assert.isBelow(kept(directory), 4, `operation ${at}`)
        }
        assert.isAbove(Math.min(seen.old, seen.now), 0)
      }),
    1_200_000
  )
})
