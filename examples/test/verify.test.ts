import { assert, describe, it } from "@effect/vitest"
import { PathName } from "@labelstream/core"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { appendFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isFull } from "../../scripts/testScale.ts"
import { exported, run, settings, temporaryFolder } from "./support/program.ts"
import { stamps } from "./support/targets.ts"

const world = Effect.gen(function*() {
  const folder = yield* temporaryFolder
  const output = join(folder, "output")
  const simulator = yield* Simulator.start({
    batches: [{ id: "b", jobs: 30, kinds: ["image_annotation", "video_segmentation"] }]
  })
  const exportInto = (output: string) =>
    Effect.gen(function*() {
      yield* simulator.reset
      const ended = yield* exported(settings(simulator, output))
      assert.strictEqual(ended.status, 0, ended.stderr)
      return (yield* simulator.report).requests
    })
  yield* exportInto(output)
  const name = (index: number) => PathName.fromId(simulator.job("b", index).id)
  const verified = (output: string) => run("labelstream", settings(simulator, output), ["verify"])
  return { exportInto, folder, name, output, simulator, verified }
})

describe("verify", () => {
  it.live("ends with 0 if all is as stored, with 4 if something is extra, and with 3 if a batch is missing", () =>
    Effect.gen(function*() {
      const { output, verified } = yield* world
      const ended = yield* verified(output)
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.match(ended.stdout, /^30 jobs intact, 0 missing, 0 modified, 0 extra in /)
      writeFileSync(join(output, "b", "notes.txt"), "mine")
      assert.strictEqual((yield* verified(output)).status, 4)
      rmSync(join(output, "b"), { recursive: true })
      const gone = yield* verified(output)
      assert.strictEqual(gone.status, 3)
      assert.match(gone.stdout, /0 jobs intact, 30 missing/)
    }))

  // The command's own tests damage each sink.
  if (isFull) {
    it.live("ends with 3 and names each file that is missing, modified, or extra", () =>
      Effect.gen(function*() {
        const { name, output, verified } = yield* world
        const [nested = ""] = readdirSync(join(output, "b", name(1)))
        rmSync(join(output, "b", `${name(0)}.json`))
        rmSync(join(output, "b", name(1), nested))
        appendFileSync(join(output, "b", `${name(2)}.json`), " ")
        writeFileSync(join(output, "b", "notes.txt"), "mine")
        const ended = yield* verified(output)
        assert.strictEqual(ended.status, 3, ended.stderr)
        assert.deepStrictEqual(
          ended.stdout.split("\n").slice(0, 4).sort(),
          [
            "Extra: b/notes.txt",
            `Modified: b/${name(2)}.json`,
            `Missing: b/${name(0)}.json`,
            `Missing: b/${name(1)}/${nested}`
          ].sort()
        )
        assert.match(ended.stdout, /27 jobs intact, 2 missing, 1 modified, 1 extra/)
      }))
  }

  it.live("ends with 1 if there is no ledger, and says what makes one", () =>
    Effect.gen(function*() {
      const ended = yield* run("labelstream", {}, ["verify"], yield* temporaryFolder)
      assert.strictEqual(ended.status, 1)
      assert.match(ended.stderr, /There is no ledger at .*The first run makes it/)
    }))
})

// Core's own tests compare a moved sink with its receipts.
if (isFull) {
  describe("an output that was moved", () => {
    it.live("is compared with the receipts of its old place, and no job is fetched again", () =>
      Effect.gen(function*() {
        const { exportInto, folder, name, output, verified } = yield* world
        const moved = join(folder, "moved")
        renameSync(output, moved)
        const before = stamps(moved)
        const first = yield* verified(moved)
        assert.strictEqual(first.status, 0, first.stdout)
        const requests = yield* exportInto(moved)
        assert.deepStrictEqual(requests, { ...requests, jobs: 1, job: 0, attachment: 0, storage: 0 })
        assert.deepStrictEqual(stamps(moved), before)
        rmSync(join(moved, "b", `${name(3)}.json`))
        assert.strictEqual((yield* verified(moved)).status, 3)
      }))
  })
}

describe("a ledger that was deleted", () => {
  it.live("is rebuilt from the sink, and only missing jobs are fetched", () =>
    Effect.gen(function*() {
      const { exportInto, name, output, verified } = yield* world
      for (const end of ["", "-wal", "-shm", "-lock"]) {
        rmSync(join(output, ".labelstream", `ledger.sqlite${end}`), { force: true })
      }
      rmSync(join(output, "b", `${name(4)}.json`))
      const requests = yield* exportInto(output)
      assert.deepStrictEqual(requests, { ...requests, jobs: 1, job: 1 })
      const again = yield* exportInto(output)
      assert.deepStrictEqual(again, { ...again, jobs: 1, job: 0, attachment: 0, storage: 0 })
      assert.strictEqual((yield* verified(output)).status, 0)
    }))
})
