import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { appendFileSync, mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { FilesSink } from "../src/index.ts"
import { record } from "./support/records.ts"
import { inspected, run, temporary, tree } from "./support/targets.ts"

const jobs = ["a", "a-b", "b", "c", "d", "Upper"].map((job) => record({ job, nested: [{ text: `mask of ${job}` }] }))

const intact = (names: ReadonlyArray<string>) => names.map((name) => `Intact ${name}`)

const summary = (directory: string, depth: "manifest" | "content") =>
  Effect.map(
    inspected(directory, depth),
    (found) => found.map((item) => `${item._tag} ${item._tag === "Intact" ? item.receipt.jobId : item.path}`).sort()
  )

describe("inspect", () => {
  it.effect("finds what is missing, modified, or extra, and changes nothing", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(directory, [jobs])
      const at = (path: string) => join(directory, "batch-1", path)
      unlinkSync(at("a.json"))
      rmSync(at("a-b"), { recursive: true })
      writeFileSync(at("b.json"), "{\"data\":{\"job\":\"X\"}}")
      appendFileSync(at("c/0000-mask.png"), "more")
      for (const path of ["0", "zzz.json", "a.txt", "new\nline", "c/extra", "d.jsonx"]) writeFileSync(at(path), "")
      mkdirSync(at("nobody"))
      symlinkSync("/", at("link"))
      const before = tree(join(directory, "batch-1", "d"))
      const extras = ["0", "a.txt", "c/extra", "d.jsonx", "link", "new\nline", "nobody", "zzz.json"]
      const expected = [
        ...intact(["Upper", "d"]),
        "Missing batch-1/a.json",
        "Missing batch-1/a-b/0000-mask.png",
        "Modified batch-1/c/0000-mask.png",
        ...extras.map((path) => `Extra batch-1/${path}`)
      ]
      assert.deepStrictEqual(yield* summary(directory, "content"), [...expected, "Modified batch-1/b.json"].sort())
      // Of the same size: only its content gives it away.
      assert.deepStrictEqual(yield* summary(directory, "manifest"), [...expected, "Intact b"].sort())
      assert.deepStrictEqual(tree(join(directory, "batch-1", "d")), before)
    }))

  it.effect("counts only the latest line of a job, before the manifest has been put in order too", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const newer = record({ job: "b", text: "newer" })
      yield* run(directory, [jobs.toReversed(), [newer]], false)
      assert.deepStrictEqual(yield* summary(directory, "content"), intact(["Upper", "a", "a-b", "b", "c", "d"]).sort())
      const found = yield* inspected(directory)
      const receipt = found.find((item) => item._tag === "Intact" && item.receipt.jobId === "b")
      assert.deepStrictEqual(receipt, {
        _tag: "Intact",
        projectId: "project-1",
        receipt: { batchId: "batch-1", jobId: "b", revision: newer.revision, bytes: 5 }
      })
    }))

  it.effect("finds nothing if nothing was ever stored", () =>
    Effect.gen(function*() {
      const directory = join(yield* temporary, "not", "there")
      assert.deepStrictEqual(yield* inspected(directory), [])
    }))

  it.effect("can be stopped early", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(directory, [jobs, jobs.map((job) => ({ ...job, batchId: "batch-2" }))])
      const first = yield* Stream.runHead(FilesSink.make({ directory }).inspect("content"))
      assert.strictEqual(first._tag, "Some")
    }))
})
