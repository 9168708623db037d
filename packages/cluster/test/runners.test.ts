/** Exports on a cluster whose runners die, leave, freeze, or join. */
import { assert, describe, it } from "@effect/vitest"
import { FilesSink } from "@labelstream/sink-files"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { inject } from "vitest"
import { scale } from "../../../scripts/testScale.ts"
import { databases } from "./support/databases.ts"
import { temporaryFolder } from "./support/folders.ts"
import { onOneMachine, verified } from "./support/oneMachine.ts"
import { askedFor, countsOf, heldBy, none } from "./support/results.ts"
import { tree } from "./support/tree.ts"
import { watchedTables } from "./support/watchedTables.ts"
import { makeSlow, requestOf } from "./support/world.ts"

/** Milliseconds: these tests start many processes. */
const patience = 300_000

const [jobs, sliceJobs] = scale([120, 10], [240, 20])

describe.each(scale(databases.slice(0, 1), databases))("a cluster on $name", (kind) => {
  it.live(
    "whose runners are killed and joined by new ones ends complete, once, with what one machine stores",
    () =>
      Effect.gen(function*() {
        const jobs = scale(200, 2000)
        const world = yield* makeSlow(kind, jobs, jobs / 20)
        const output = yield* temporaryFolder
        const [first, second] = [yield* world.runner, yield* world.runner, yield* world.runner]
        const request = requestOf(world.simulator, [`files:${output}`])
        const { id } = yield* world.submit(request)
        yield* world.answered(jobs / 4)
        yield* first.kill
        yield* world.runner
        yield* world.answered(jobs / 2)
        yield* second.kill
        const status = yield* world.end(id)
        assert.strictEqual(status.error, null)
        assert.deepStrictEqual(countsOf(status), { ...none, listed: jobs, exported: jobs })
        assert.isTrue(status.report.complete)
        // Only jobs that a killed runner had in flight are fetched again.
        assert.isBelow(yield* askedFor(world.simulator), jobs * 1.5)
        assert.deepStrictEqual(tree(output), yield* onOneMachine(world.simulator))
      }).pipe(Effect.scoped),
    patience
  )
})

// These tests kill runners on this database too. The full matrix runs all tests on both databases.
describe.each(scale(databases.slice(-1), databases))("a cluster on $name", (kind) => {
  it.live("is restarted runner by runner, and no job is fetched twice", () =>
    Effect.gen(function*() {
      const world = yield* makeSlow(kind, jobs, sliceJobs)
      const output = yield* temporaryFolder
      const old = [yield* world.runner, yield* world.runner]
      const { id } = yield* world.submit(requestOf(world.simulator, [`files:${output}`]))
      for (const [index, runner] of old.entries()) {
        yield* world.answered(2 * sliceJobs * (index + 1))
        yield* world.runner
        assert.strictEqual(yield* runner.leave, 0)
      }
      const status = yield* world.end(id)
      assert.deepStrictEqual(countsOf(status), { ...none, listed: jobs, exported: jobs })
      assert.strictEqual(yield* askedFor(world.simulator), jobs)
      assert.deepStrictEqual(tree(output), yield* onOneMachine(world.simulator))
    }).pipe(Effect.scoped), patience)

  it.live(
    "gives a sink with one writer to one runner, and to another one when that dies",
    () =>
      Effect.gen(function*() {
        const jobs = scale(80, 160)
        const world = yield* makeSlow(kind, jobs, sliceJobs)
        const file = join(yield* temporaryFolder, "labels.db")
        const runners = [yield* world.runner, yield* world.runner]
        const { id } = yield* world.submit(requestOf(world.simulator, [`sqlite:${file}`]))
        yield* world.answered(2 * sliceJobs)
        for (const runner of runners) {
          yield* world.runner
          yield* runner.kill
        }
        const status = yield* world.end(id)
        assert.strictEqual(status.error, null)
        assert.deepStrictEqual(countsOf(status), { ...none, listed: jobs, exported: jobs })
        assert.strictEqual(yield* heldBy(SqliteSink.make({ file })), jobs)
      }).pipe(Effect.scoped),
    patience
  )

  it.live.skipIf(inject("postgres") === null)(
    "writes to PostgreSQL from every runner, and stores once what one machine stores when a runner is killed",
    () =>
      Effect.gen(function*() {
        const world = yield* makeSlow(kind, jobs, sliceJobs)
        const tables = yield* watchedTables
        const [killed, second] = [yield* world.runner, yield* world.runner]
        const { id } = yield* world.submit(requestOf(world.simulator, [tables.target]))
        yield* tables.writtenBy([killed.pid, second.pid])
        yield* killed.kill
        yield* world.runner
        const status = yield* world.end(id)
        assert.strictEqual(status.error, null)
        assert.deepStrictEqual(countsOf(status), { ...none, listed: jobs, exported: jobs })
        yield* onOneMachine(world.simulator, tables.other)
        yield* tables.areAsOneProcessMakesThem
      }).pipe(Effect.scoped),
    patience
  )
})

// Other files test the decisions step by step. This test takes a minute, because it waits until locks expire.
describe.each(scale([], databases.slice(-1)))("a cluster on $name", (kind) => {
  it.live(
    "ends complete while a runner is frozen, which changes nothing when it returns",
    () =>
      Effect.gen(function*() {
        const world = yield* makeSlow(kind, jobs, sliceJobs)
        const output = yield* temporaryFolder
        const [frozen] = [yield* world.runner, yield* world.runner, yield* world.runner]
        const { id } = yield* world.submit(requestOf(world.simulator, [`files:${output}`]))
        yield* world.answered(jobs / 3)
        yield* frozen.freeze
        const status = yield* world.end(id)
        assert.strictEqual(status.error, null)
        assert.isTrue(status.report.complete)
        assert.deepStrictEqual(countsOf(status), { ...none, listed: jobs, exported: jobs })
        const expected = yield* onOneMachine(world.simulator)
        assert.deepStrictEqual(tree(output), expected)
        yield* frozen.thaw
        assert.strictEqual(yield* frozen.leave, 0)
        assert.deepStrictEqual(tree(output), expected)
        const { differences } = yield* verified(FilesSink.make({ directory: output })).pipe(
          Effect.provideContext(world.client)
        )
        assert.deepStrictEqual(differences, [])
      }).pipe(Effect.scoped),
    patience
  )
})
