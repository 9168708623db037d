import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { coco, cocoFile, labeled, tags } from "./support/cocoDataset.ts"
import { inspected, run, temporary, tree } from "./support/targets.ts"

describe("the store of a dataset sink", () => {
  it.effect("fails for modified or truncated records, and names the file", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(coco(directory), [yield* labeled("a", ["car"])])
      const before = tree(directory)
      const path = join(directory, ".labelstream/records", readdirSync(join(directory, ".labelstream/records"))[0]!)
      const text = readFileSync(path, "utf8")
      const cuts = [0, 9, text.indexOf("\t"), text.length - 9, text.length - 1].map((end) => text.slice(0, end))
      for (const [index, damaged] of [...cuts, text.replace("car", "cat"), `x${text.slice(1)}`].entries()) {
        writeFileSync(path, damaged)
        const error = yield* Effect.flip(run(coco(directory), [yield* labeled("b", ["car"])], `damage ${index}`))
        assert.strictEqual(error.reason, "corrupt")
        assert.include(error.message, `${path} is damaged: remove it`)
        assert.deepStrictEqual(tree(directory), before)
        const wrong = (yield* inspected(coco(directory))).filter(({ _tag }) => _tag !== "Intact")
        assert.deepStrictEqual(wrong, [{
          _tag: "Modified",
          batchId: "batch",
          jobId: "job-a",
          path: path.slice(directory.length + 1)
        }])
      }
      rmSync(path)
      assert.deepStrictEqual(tags(yield* inspected(coco(directory), "manifest")), ["Intact", "Missing"])
      yield* run(coco(directory), [yield* labeled("a", ["car"])], "again")
      assert.deepStrictEqual(tags(yield* inspected(coco(directory))), ["Intact", "Intact"])
    }))

  it.effect("fails for a modified or truncated list of jobs, and starts over once it is removed", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const path = join(directory, ".labelstream/jobs.ndjson")
      const records = [yield* labeled("a", ["car"]), yield* labeled("b", ["car"])]
      yield* run(coco(directory), records)
      const before = tree(directory)
      const text = readFileSync(path, "utf8")
      const end = text.indexOf("\n") + 1
      const cuts = [0, 9, end, end + 9, text.length - 1].map((end) => text.slice(0, end))
      const lines = ["no JSON", "{}", text.slice(0, end).replace("batch/job-a", "batch/..").trim()]
      for (const damaged of [...cuts, ...lines.map((line) => `${line}\n${text.slice(end)}`)]) {
        writeFileSync(path, damaged)
        for (const step of [Effect.scoped(coco(directory).open), coco(directory).count!, inspected(coco(directory))]) {
          const error = yield* Effect.flip(Effect.asVoid<unknown, JobSink.SinkError, never>(step))
          assert.strictEqual(error.reason, "corrupt", damaged)
          assert.include(error.message, `${path} is damaged: remove it`)
        }
        assert.deepStrictEqual(tree(directory), before)
      }
      rmSync(path)
      assert.strictEqual(yield* coco(directory).count!, 0)
      yield* run(coco(directory), records, "again")
      assert.deepStrictEqual(tree(directory), before)
      assert.deepStrictEqual(tags(yield* inspected(coco(directory))), ["Intact", "Intact"])
    }))

  it.effect("keeps at most twice the current records when jobs change again and again, and the same dataset", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const records = join(directory, ".labelstream/records")
      const kept = () => readdirSync(records).reduce((sum, name) => sum + statSync(join(records, name)).size, 0)
      const rounds = 6
      const labels = (round: number) =>
        Array.from({ length: 50 }, (_, index) => `${round} ${index % 7} `.padEnd(6000, "long "))
      for (let round = 1; round <= rounds; round++) {
        yield* run(
          coco(directory),
          [yield* labeled("a", labels(round)), yield* labeled(`b${round % 3}`, ["car"])],
          String(round)
        )
      }
      const one = yield* temporary
      const small = yield* Effect.forEach(["b0", "b1", "b2"], (name) => labeled(name, ["car"]))
      yield* run(coco(one), [yield* labeled("a", labels(rounds)), ...small])
      const [only = ""] = readdirSync(join(one, ".labelstream/records"))
      const { size } = statSync(join(one, ".labelstream/records", only))
      assert.isAtMost(kept(), 2 * size)
      assert.deepStrictEqual(tags(yield* inspected(coco(directory))), ["Intact", "Intact", "Intact", "Intact"])
      assert.strictEqual(yield* coco(directory).count!, 4)
      const names = cocoFile(directory).images.map(({ file_name }) => file_name)
      assert.deepStrictEqual(names, ["a.jpg", "b0.jpg", "b1.jpg", "b2.jpg"])
    }))

  it.effect("counts no jobs of an older version, and keeps its dataset until the jobs are stored again", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(coco(directory), [yield* labeled("a", ["car"])])
      const before = tree(directory)
      const hidden = join(directory, ".labelstream")
      for (const name of ["jobs.ndjson", "records"]) rmSync(join(hidden, name), { recursive: true })
      writeFileSync(join(hidden, "store/batch/job-a.ndjson"), "")
      const about = join(hidden, "about.json")
      writeFileSync(about, readFileSync(about, "utf8").replace("\"version\":2", "\"version\":1"))
      assert.strictEqual(yield* coco(directory).count!, 0)
      assert.deepStrictEqual(yield* inspected(coco(directory)), [])
      yield* run(coco(directory), [], "nothing new")
      assert.deepStrictEqual(tree(directory), before)
      yield* run(coco(directory), [yield* labeled("a", ["car"])], "again")
      assert.deepStrictEqual(tree(directory), before)
      assert.deepStrictEqual(tags(yield* inspected(coco(directory))), ["Intact"])
    }))

  it.effect("fails for a damaged list of names, and names the file", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(coco(directory), [yield* labeled("a", ["car"])])
      const before = tree(directory)
      const path = join(directory, ".labelstream/names.ndjson")
      for (const line of ["no JSON", "{}", "[\"batch/job-a\",\"a\"]", "[\"batch/job-a\",\"a\",1]"]) {
        writeFileSync(path, `${line}\n`)
        const error = yield* Effect.flip(run(coco(directory), [yield* labeled("b", ["car"])], "again"))
        assert.strictEqual(error.reason, "corrupt")
        assert.include(error.message, `${path} is damaged: remove it`)
        assert.deepStrictEqual(tree(directory), before)
      }
    }))
})
