import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import * as Selection from "../src/Selection.ts"
import { world } from "./support/exports.ts"
import { batchOf, error, FakePlatform } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"

const corner = (x: number, y: number) => ({ x, y })
const car = {
  _id: "a",
  label: "Car",
  attributes: {},
  coordinates: [corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)]
}
const document = { data: { annotations: { rectangles: [car] }, image_url: "https://x.example/i.jpg" } }

/** Two finished jobs with a car each, and one in progress. */
const cars = () =>
  new FakePlatform([{
    projectId: "p",
    batchId: "b",
    jobs: [{ id: "b-0", document }, { id: "b-1", document }, { id: "b-2", status: "in_progress" }]
  }])

describe("a filter that matches nothing", () => {
  it.effect("by status is not complete, and the report names the statuses there are", () =>
    Effect.gen(function*() {
      const { run } = yield* world(cars(), [new MemorySink()])
      const report = yield* run(Selection.filterOf({ statuses: ["complete"], labels: [] }))
      assert(report.noMatch && !report.complete)
      deepStrictEqual(report.seen, { statuses: ["completed", "in_progress"], labels: [] })
      strictEqual(report.batches[0]?.skipped, 3)
    }))

  it.effect("by label is not complete, and the report names the labels there are", () =>
    Effect.gen(function*() {
      const { run } = yield* world(cars(), [new MemorySink()])
      const report = yield* run(Selection.filterOf({ statuses: [], labels: ["car"] }))
      assert(report.noMatch && !report.complete)
      deepStrictEqual(report.seen, { statuses: [], labels: ["Car"] })
      deepStrictEqual([report.batches[0]?.listed, report.batches[0]?.unfinished], [1, 1])
    }))

  it.effect("differs from one that matches jobs without a result, or jobs that are stored", () =>
    Effect.gen(function*() {
      const { run } = yield* world(cars(), [new MemorySink()])
      const inProgress = yield* run(Selection.filterOf({ statuses: ["in_progress"], labels: [] }))
      assert(!inProgress.noMatch && inProgress.complete)
      const labels = Selection.filterOf({ statuses: [], labels: ["Car"] })
      assert((yield* run(labels)).complete)
      const again = yield* run(labels)
      assert(!again.noMatch && again.complete)
    }))

  it.effect("keeps 20 values, each truncated to 100 characters", () =>
    Effect.gen(function*() {
      const jobs = Array.from({ length: 50 }, (_, index) => ({ id: `b-${index}`, status: `${index}`.repeat(200) }))
      const { run } = yield* world(new FakePlatform([{ projectId: "p", batchId: "b", jobs }]), [new MemorySink()])
      const { seen } = yield* run({ filter: () => false })
      strictEqual(seen.statuses.length, 20)
      assert(seen.statuses.every((status) => status.length === 100))
    }))
})

describe("a refresh of a job that no batch lists", () => {
  it.effect("is not complete, and the report names the job", () =>
    Effect.gen(function*() {
      const { run } = yield* world(new FakePlatform([batchOf(3)]), [new MemorySink()])
      yield* run()
      const report = yield* run({ selection: { _tag: "Refresh", jobs: new Set(["b-1", "b-9"]) } })
      deepStrictEqual(report.notListed, ["b-9"])
      assert(!report.complete)
    }))
})

describe("the failures of a report", () => {
  it.effect("include a listing that failed, apart from jobs that failed for the same reason", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform(
        [batchOf(3, "a"), batchOf(3, "b")],
        (_, kind) => kind.startsWith("page b") || kind === "jobs a-1" ? error(400, "resource_error") : undefined
      )
      const { run } = yield* world(platform, [new MemorySink()])
      const report = yield* run()
      const told = report.failures.map(({ cause, count, example }) =>
        `${count} ${cause} ${example.batchId} ${example.jobId}`
      )
      deepStrictEqual(told.sort(), ["1 NotFound a a-1", "1 NotFound b null"])
      assert(!report.complete)
    }))
})
