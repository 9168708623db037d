import { assert, describe, it } from "@effect/vitest"
import { PathName } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { FilesSink } from "../src/index.ts"
import { record } from "./support/records.ts"
import { inspected, run, store, temporary, tree } from "./support/targets.ts"

const ids = [
  "../../escape",
  "/etc/passwd",
  "C:\\x",
  "a\0b",
  "CON",
  "nul.json",
  "a.",
  "a ",
  "Job",
  "job",
  "JOB",
  "a",
  "a.json",
  "manifest.ndjson",
  ".labelstream",
  "é",
  "e\u0301",
  "\ud800",
  "\udfff",
  "x".repeat(300),
  `${"x".repeat(300)}y`,
  "😀",
  "\n"
]

describe("hostile input", () => {
  it.effect("keeps every id inside the output folder, and no two in one place", () =>
    Effect.gen(function*() {
      const folder = yield* temporary
      const directory = join(folder, "output")
      const jobs = ids.flatMap((batch) => [
        record({ batch, job: batch, nested: [{ text: batch, frameId: batch, url: `https://x.example/${batch}.exe` }] }),
        record({ batch, job: "ordinary" })
      ])
      yield* run(directory, [jobs, ids.map((job) => record({ batch: "all", job, text: JSON.stringify(job) }))])
      assert.deepStrictEqual(readdirSync(folder), ["output"])
      const found = yield* inspected(directory)
      const intact = found.flatMap((item) => item._tag === "Intact" ? [JSON.stringify(item.receipt)] : [])
      assert.strictEqual(found.length, 3 * ids.length)
      assert.strictEqual(new Set(intact).size, 3 * ids.length)
      const names = Object.keys(tree(directory)).map((name) => name.toLowerCase())
      assert.strictEqual(new Set(names).size, names.length)
    }))

  it.effect("rejects the records of a batch folder that is a symbolic link, and stores the others", () =>
    Effect.gen(function*() {
      const [directory, outside] = [yield* temporary, yield* temporary]
      symlinkSync(outside, join(directory, "linked"))
      writeFileSync(join(directory, "file"), "")
      const sink = yield* FilesSink.make({ directory }).open
      const rejections = yield* sink.stage("t", [
        record({ batch: "linked", job: "a" }),
        record({ batch: "file", job: "a" }),
        record({ batch: "sound", job: "a" })
      ])
      assert.deepStrictEqual(rejections.map(({ batchId, error }) => [batchId, error.reason]), [
        ["linked", "conflict"],
        ["file", "conflict"]
      ])
      assert.strictEqual((yield* sink.commit("t")).length, 1)
      assert.deepStrictEqual(readdirSync(outside), [])
    }))

  it.effect("writes nothing through links in the places of documents, nested folders, manifests or its own folder", () =>
    Effect.gen(function*() {
      const [directory, outside] = [yield* temporary, yield* temporary]
      writeFileSync(join(outside, "precious"), "precious")
      const before = tree(outside)
      mkdirSync(join(directory, "batch-1"))
      mkdirSync(join(directory, "batch-2"))
      symlinkSync(join(outside, "precious"), join(directory, "batch-1", "a.json"))
      symlinkSync(outside, join(directory, "batch-1", "b"))
      symlinkSync(join(outside, "precious"), join(directory, "batch-2", "manifest.ndjson"))
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* FilesSink.make({ directory }).open
        const jobs = ["a", "b", "c"].map((job) => record({ job, nested: [{ text: "m" }] }))
        assert.strictEqual((yield* sink.stage("t", jobs)).length, 2)
        assert.strictEqual((yield* sink.commit("t")).length, 1)
        const error = yield* Effect.flip(store(sink, "u", [record({ batch: "batch-2", job: "a" })]))
        assert.strictEqual(error.reason, "conflict")
      }))
      const own = yield* temporary
      symlinkSync(outside, join(own, ".labelstream"))
      assert.strictEqual((yield* Effect.flip(FilesSink.make({ directory: own }).check)).reason, "conflict")
      assert.strictEqual((yield* Effect.flip(FilesSink.make({ directory: own }).open)).reason, "conflict")
      assert.deepStrictEqual(tree(outside), before)
    }))

  it.effect("checks a batch folder again for every batch, and writes through no link made after staging", () =>
    Effect.gen(function*() {
      const [directory, outside] = [yield* temporary, yield* temporary]
      writeFileSync(join(outside, "precious"), "precious")
      const before = tree(outside)
      const sink = yield* FilesSink.make({ directory }).open
      yield* store(sink, "t1", [record({ job: "a" })])
      yield* sink.stage("t2", [record({ job: "b" }), record({ job: "c", nested: [{ text: "m" }] })])
      symlinkSync(join(outside, "precious"), join(directory, "batch-1", "b.json"))
      symlinkSync(outside, join(directory, "batch-1", "c"))
      yield* Effect.exit(sink.commit("t2"))
      assert.deepStrictEqual(tree(outside), before)
      yield* sink.abort("t2")
      rmSync(join(directory, "batch-1"), { recursive: true })
      symlinkSync(outside, join(directory, "batch-1"))
      const [rejection] = yield* sink.stage("t3", [record({ job: "d" })])
      assert.strictEqual(rejection?.error.reason, "conflict")
      assert.deepStrictEqual(tree(outside), before)
    }))

  it.effect("writes down no signature, whatever URLs a result names", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const signed = "https://user:canary@files.example/a.png?X-Amz-Signature=canary&x=1#canary"
      yield* run(directory, [[record({ job: "a", url: signed, nested: [{ text: "m", url: signed }] })]])
      const manifest = readFileSync(join(directory, "batch-1", "manifest.ndjson"), "utf8")
      assert.notInclude(manifest, "canary")
      assert.include(manifest, "\"url\":\"https://files.example/a.png\"")
    }))

  it.effect("refuses a folder that holds something else under the manifest's name, or a newer format", () =>
    Effect.gen(function*() {
      for (
        const [text, reason] of [
          ["hello\n", "conflict"],
          ["{\"format\":\"labelstream-filesystem\",\"version\":2}\n", "corrupt"]
        ]
      ) {
        const directory = yield* temporary
        mkdirSync(join(directory, PathName.fromId("b")))
        writeFileSync(join(directory, "b", "manifest.ndjson"), text!)
        const sink = FilesSink.make({ directory })
        assert.strictEqual((yield* Effect.flip(sink.check)).reason, reason)
        assert.strictEqual((yield* Effect.flip(Effect.scoped(sink.open))).reason, reason)
      }
    }))
})
