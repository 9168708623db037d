import { assert, describe, it } from "@effect/vitest"
import { PathName } from "@labelstream/core"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { isFull } from "../../scripts/testScale.ts"
import { exported, run, settings, temporaryFolder } from "./support/program.ts"
import { assertIdentical, files, stamps } from "./support/targets.ts"

const world = Effect.gen(function*() {
  const output = yield* temporaryFolder
  const simulator = yield* Simulator.start({
    batches: [{ id: "b", jobs: 40, kinds: ["image_annotation", "video_segmentation"] }],
    countJobs: true
  })
  const command = Effect.fnUntraced(function*(name: string, ...args: ReadonlyArray<string>) {
    yield* simulator.reset
    const ended = yield* run("labelstream", settings(simulator, output), [name, ...args])
    const { jobs = {}, requests } = yield* simulator.report
    return { ...ended, requests, asked: Object.keys(jobs).sort() }
  })
  assert.strictEqual((yield* command("export")).status, 0)
  return { output, simulator, command, id: (index: number) => simulator.job("b", index).id }
})

describe("a refresh", () => {
  // The command's own tests refresh changed jobs; core's own tests check each file.
  if (isFull) {
    it.live("stores and names changed jobs, leaves no file of the old results, and touches nothing else", () =>
      Effect.gen(function*() {
        const { command, id, output, simulator } = yield* world
        const before = stamps(output)
        // Reworked until the listing shows the same counts as before, so that only the bytes differ.
        for (const index of [3, 4]) {
          const { annotations } = simulator.job("b", index)
          do yield* simulator.rework(id(index))
          while (simulator.job("b", index).annotations !== annotations)
        }
        const unseen = yield* command("export")
        assert.match(unseen.stdout, /0 exported \+ 40 unchanged/)
        const ended = yield* command("refresh")
        assert.strictEqual(ended.status, 0, ended.stderr)
        assert.match(ended.stdout, /40 jobs listed = 2 exported \+ 38 unchanged[^]*2 jobs changed since/)
        for (const index of [3, 4]) assert.include(ended.stdout, `Changed: job ${id(index)} of batch b\n`)
        assertIdentical(simulator, output, "b")
        const reworked = [3, 4].map((index) => join("b", PathName.fromId(id(index))))
        const isOf = (path: string) => reworked.some((name) => path === `${name}.json` || path.startsWith(`${name}/`))
        const others = (all: Readonly<Record<string, string>>) =>
          Object.entries(all).filter(([path]) => !isOf(path) && path !== "b/manifest.ndjson")
        assert.deepStrictEqual(others(stamps(output)), others(before))
      }))
  }

  it.live("of named jobs, or of jobs not checked since a time, fetches only those", () =>
    Effect.gen(function*() {
      const { command, id } = yield* world
      const two = yield* command("refresh", "--job", id(7), "--job", id(8))
      assert.deepStrictEqual(two.asked, [id(7), id(8)].sort())
      const old = yield* command("refresh", "--checked-before", "2020-01-01")
      assert.deepStrictEqual(old.asked, [])
      const all = yield* command("refresh", "--checked-before", "2200-01-01T00:00Z")
      assert.strictEqual(all.asked.length, 40)
    }))
})

// Core's own tests run again over changed listings.
if (isFull) {
  describe("a normal run", () => {
    it.live("fetches a job whose count in the listing changed", () =>
      Effect.gen(function*() {
        const { command, id, output, simulator } = yield* world
        const { annotations } = simulator.job("b", 6)
        do yield* simulator.rework(id(6))
        while (simulator.job("b", 6).annotations === annotations)
        const ended = yield* command("export")
        assert.deepStrictEqual(ended.asked, [id(6)])
        assert.include(ended.stdout, `Changed: job ${id(6)} of batch b\n`)
        assertIdentical(simulator, output, "b")
      }))

    it.live("fetches added and newly finished jobs, and nothing else", () =>
      Effect.gen(function*() {
        const output = yield* temporaryFolder
        const simulator = yield* Simulator.start({
          batches: [{ id: "b", jobs: 30, unfinished: [5, 6] }],
          countJobs: true
        })
        const env = settings(simulator, output)
        const first = yield* exported(env)
        assert.match(first.stdout, /30 jobs listed = 28 exported \+ 0 unchanged \+ 2 unfinished/)
        yield* simulator.addJobs("b", 2)
        yield* simulator.finish(simulator.job("b", 5).id)
        yield* simulator.reset
        const second = yield* exported(env)
        assert.match(second.stdout, /32 jobs listed = 3 exported \+ 28 unchanged \+ 1 unfinished/)
        const { jobs = {} } = yield* simulator.report
        assert.deepStrictEqual(
          Object.keys(jobs).sort(),
          [5, 30, 31].map((index) => simulator.job("b", index).id).sort()
        )
      }))
  })
}

describe("a retry", () => {
  it.live("fetches exactly the failed jobs, also those that a normal run skips", () =>
    Effect.gen(function*() {
      const output = yield* temporaryFolder
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 20 }], countJobs: true })
      const [passing, final] = [simulator.job("b", 3).id, simulator.job("b", 4).id]
      yield* simulator.setFaults([
        { on: "storage", job: passing, meets: { _tag: "Missing" } },
        { on: "job", job: final, meets: { _tag: "Platform", code: "FS_0006" }, times: 1000 }
      ])
      const env = settings(simulator, output)
      const first = yield* exported(env)
      assert.strictEqual(first.status, 2)
      assert.match(first.stdout, /\n {6}The next run retries it\.\n/)
      assert.match(first.stdout, /Not retryable: .* labelstream retry\n/)
      yield* simulator.reset
      assert.strictEqual((yield* exported(env)).status, 2)
      assert.deepStrictEqual(Object.keys((yield* simulator.report).jobs ?? {}), [passing])
      yield* simulator.setFaults([])
      yield* simulator.reset
      const retried = yield* run("labelstream", env, ["retry"])
      assert.strictEqual(retried.status, 0, retried.stdout)
      assert.match(retried.stdout, /2 jobs listed = 2 exported/)
      const { jobs = {}, requests } = yield* simulator.report
      assert.deepStrictEqual(Object.keys(jobs).sort(), [passing, final].sort())
      assert.strictEqual(requests.jobs, 0)
      assertIdentical(simulator, output, "b")
    }))
})

// The command's own tests follow a batch.
if (isFull) {
  describe("export --follow", () => {
    it.live("polls until all jobs are finished", () =>
      Effect.gen(function*() {
        const output = yield* temporaryFolder
        let pages = 0
        const runSync = Effect.runSyncWith(yield* Effect.context())
        const simulator: Simulator.Running = yield* Simulator.start({
          batches: [{ id: "b", jobs: 20, unfinished: [5, 6] }],
          onRequest: ({ endpoint }) => {
            if (endpoint === "jobs" && ++pages === 3) runSync(simulator.finish())
          }
        })
        const ended = yield* exported(settings(simulator, output), "--follow", "--interval", "0.05")
        assert.strictEqual(ended.status, 0, ended.stderr)
        assert.match(ended.stdout, /20 jobs listed = 20 exported \+ 0 unchanged \+ 0 unfinished/)
        assert.isAtLeast(pages, 3)
        assertIdentical(simulator, output, "b")
        assert.strictEqual(files(join(output, "b")).length, 21)
      }))
  })
}
