import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { FilesSink, Manifest } from "../src/index.ts"
import { record, sha256 } from "./support/records.ts"
import { guarded, inspected, run, store, temporary, tree } from "./support/targets.ts"

const lines = (directory: string, batch = "batch-1") =>
  readFileSync(join(directory, batch, Manifest.fileName), "utf8").trimEnd().split("\n").slice(1)
    .map((line) => Manifest.decodeLine(line)!)

const a = record({ job: "a", text: "{\"a\": 1 }\n", nested: [{ text: "m0", frameId: "frame 1" }, { text: "m1" }] })
const b = record({ job: "b" })

describe("FilesSink", () => {
  it.effect("stores documents byte for byte with nested files next to them", () =>
    Effect.gen(function*() {
      const directory = join(yield* temporary, "new", "output")
      yield* run(directory, [[a, b]])
      assert.strictEqual(readFileSync(join(directory, "batch-1", "a.json"), "utf8"), "{\"a\": 1 }\n")
      assert.deepStrictEqual(Object.keys(tree(directory)), [
        "batch-1/",
        "batch-1/a/",
        "batch-1/a/0000-mask-frame_1.png",
        "batch-1/a/0001-mask.png",
        "batch-1/a.json",
        "batch-1/b.json",
        "batch-1/manifest.ndjson"
      ])
      assert.deepStrictEqual(readdirSync(directory), ["batch-1"])
    }))

  it.effect("lists every file with its size, hash and job in the manifest", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(directory, [[a, b]])
      const [first] = lines(directory)
      assert.deepStrictEqual(first, {
        name: "a",
        project: "project-1",
        batch: "batch-1",
        job: "a",
        reference_id: "ref-a",
        status: a.summary.status,
        frames: a.summary.frames,
        annotations: a.summary.annotations,
        tag: a.result.tag,
        work_flow_id: a.result.workFlowId,
        priority_weight: a.result.priorityWeight,
        revision: a.revision,
        bytes: 14,
        files: [
          {
            path: "a.json",
            size: 10,
            sha256: sha256("{\"a\": 1 }\n"),
            media_type: "application/json",
            role: "document",
            url: "https://files.example/a.json"
          },
          {
            path: "a/0000-mask-frame_1.png",
            size: 2,
            sha256: sha256("m0"),
            media_type: "image/png",
            role: "mask",
            frame_id: "frame 1",
            url: "https://files.example/0.png"
          },
          {
            path: "a/0001-mask.png",
            size: 2,
            sha256: sha256("m1"),
            media_type: "image/png",
            role: "mask",
            url: "https://files.example/1.png"
          }
        ]
      })
    }))

  it.effect("shows readers nothing before the commit and all of it after", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* FilesSink.make({ directory }).open
      assert.deepStrictEqual(yield* sink.stage("t", [a, b]), [])
      assert.deepStrictEqual(tree(directory), {})
      const receipts = yield* sink.commit("t")
      assert.deepStrictEqual(receipts, [
        { batchId: "batch-1", jobId: "a", revision: a.revision, bytes: 14 },
        { batchId: "batch-1", jobId: "b", revision: b.revision, bytes: b.document.size }
      ])
      assert.deepStrictEqual(
        yield* inspected(directory),
        receipts.map((receipt) => ({ _tag: "Intact", projectId: "project-1", receipt }))
      )
    }))

  it.effect("stores one copy when a token is committed twice or staged twice", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* FilesSink.make({ directory }).open
      yield* sink.stage("t", [a])
      yield* sink.stage("t", [a])
      const receipts = yield* sink.commit("t")
      const before = tree(directory)
      assert.deepStrictEqual(yield* sink.commit("t"), receipts)
      assert.deepStrictEqual(yield* store(sink, "t", [a]), receipts)
      assert.deepStrictEqual(tree(directory), before)
    }))

  it.effect("leaves the target as before after an abort, twice too", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* FilesSink.make({ directory }).open
      yield* store(sink, "t1", [a])
      const before = tree(directory)
      yield* sink.stage("t2", [record({ job: "a", text: "new" }), b])
      yield* sink.abort("t2")
      yield* sink.abort("t2")
      yield* sink.abort("never staged")
      assert.deepStrictEqual(tree(directory), before)
      assert.deepStrictEqual(readdirSync(join(directory, ".labelstream", "staging")), [])
      assert.deepStrictEqual(yield* sink.commit("t2"), [])
    }))

  it.effect("keeps only the latest revision of a job, with no nested file of the older one", () =>
    Effect.gen(function*() {
      const [directory, fresh] = [yield* temporary, yield* temporary]
      const reworked = record({ job: "a", text: "new", nested: [{ text: "n0" }] })
      const without = record({ job: "c", text: "new" })
      yield* run(directory, [[a, record({ job: "c", nested: [{ text: "x" }] })], [reworked, without]])
      yield* run(fresh, [[without, reworked]])
      assert.deepStrictEqual(tree(directory), tree(fresh))
      assert.strictEqual((yield* inspected(directory)).length, 2)
    }))

  it.effect("gives the same bytes whatever the order and the batches", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* temporary, yield* temporary]
      const jobs = Array.from({ length: 40 }, (_, index) => record({ job: `job-${index}`, batch: `b${index % 3}` }))
      yield* run(one, [jobs])
      yield* run(two, [jobs.slice(20).reverse(), jobs.slice(10, 25), jobs.slice(0, 10)])
      assert.deepStrictEqual(tree(two), tree(one))
    }))

  it.effect("does not touch files that hold the same bytes already", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(directory, [[a, b]])
      const before = tree(directory)
      const inode = () => [statSync(join(directory, "batch-1/a.json")).ino, statSync(join(directory, "batch-1/a")).ino]
      const inodes = inode()
      yield* run(directory, [[a, b]])
      assert.deepStrictEqual(tree(directory), before)
      assert.deepStrictEqual(inode(), inodes)
    }))

  it.effect("takes the last of two records of one job in a batch", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* FilesSink.make({ directory }).open
      const receipts = yield* store(sink, "t", [record({ job: "a", text: "old" }), record({ job: "a", text: "new" })])
      assert.strictEqual(receipts.length, 1)
      assert.strictEqual(readFileSync(join(directory, "batch-1/a.json"), "utf8"), "new")
    }))

  it.effect("takes no records, one, the most and one more", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* FilesSink.make({ directory }).open
      const { maxRecords } = FilesSink.capabilities.batch
      for (const [index, size] of [0, 1, maxRecords, maxRecords + 1].entries()) {
        const records = Array.from({ length: size }, (_, job) => record({ job: `${index}-${job}` }))
        assert.strictEqual((yield* store(sink, `t${index}`, records)).length, size)
      }
      assert.strictEqual((yield* inspected(directory)).length, 2 * maxRecords + 2)
    }))

  it.effect("commits two batches at the same time without losing a line", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* FilesSink.make({ directory }).open
      const batch = (index: number) => Array.from({ length: 20 }, (_, job) => record({ job: `${index}-${job}` }))
      yield* Effect.forEach([0, 1, 2, 3, 4, 5], (index) => store(sink, `t${index}`, batch(index)), { concurrency: 2 })
      assert.strictEqual((yield* inspected(directory)).length, 120)
    }))

  it.effect("accounts for what another batch published since a batch was staged", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = yield* FilesSink.make({ directory }).open
      const latest = record({ job: "a", text: "later" })
      yield* sink.stage("t1", [a, b])
      yield* sink.stage("t2", [latest])
      yield* sink.commit("t1")
      yield* sink.commit("t2")
      assert.deepStrictEqual(Object.keys(tree(directory)), [
        "batch-1/",
        "batch-1/a.json",
        "batch-1/b.json",
        "batch-1/manifest.ndjson"
      ])
      assert.strictEqual(readFileSync(join(directory, "batch-1", "a.json"), "utf8"), "later")
      assert.deepStrictEqual((yield* inspected(directory)).map(({ _tag }) => _tag), ["Intact", "Intact"])
    }))

  it.effect("looks once at the place of a new job", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const looks = new Map<string, number>()
      const fs = guarded(({ args: [path], name }) => {
        if (name === "find") looks.set(String(path), (looks.get(String(path)) ?? 0) + 1)
      })
      const sink = yield* FilesSink.makeWith({ directory }, fs).open
      yield* store(sink, "t1", [a])
      yield* store(sink, "t2", [b])
      for (const path of ["b.json", "b"]) assert.strictEqual(looks.get(join(directory, "batch-1", path)), 1)
    }))

  it.effect("leaves an empty folder when opened and closed without data", () =>
    Effect.gen(function*() {
      const directory = join(yield* temporary, "output")
      yield* run(directory, [])
      assert.deepStrictEqual(readdirSync(directory), [])
      assert.deepStrictEqual(yield* inspected(directory), [])
    }))

  it.effect("leaves nothing behind after a check, and reports what is in the way", () =>
    Effect.gen(function*() {
      const folder = yield* temporary
      const directory = join(folder, "not", "there")
      yield* FilesSink.make({ directory }).check
      assert.isFalse(existsSync(join(folder, "not")))
      writeFileSync(join(folder, "file"), "")
      for (const path of ["file", "file/below", "\0"]) {
        const error = yield* Effect.flip(FilesSink.make({ directory: join(folder, path) }).check)
        assert.deepStrictEqual([error.reason, error.step], ["misconfigured", "check"])
        assert.strictEqual(
          (yield* Effect.flip(FilesSink.make({ directory: join(folder, path) }).open)).reason,
          "misconfigured"
        )
      }
    }))

  it.effect.skipIf(process.platform !== "linux")(
    "reports a place where no folder can be made",
    () =>
      Effect.gen(function*() {
        for (const directory of ["/proc/labelstream/output", "/sys/labelstream"]) {
          const sink = FilesSink.make({ directory })
          assert.strictEqual((yield* Effect.flip(sink.check)).reason, "misconfigured")
          assert.strictEqual((yield* Effect.flip(Effect.scoped(sink.open))).reason, "misconfigured")
        }
      })
  )

  it.effect("drops what was staged and not committed when it is closed", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* FilesSink.make({ directory }).open
        yield* sink.stage("t", [a])
      }))
      assert.deepStrictEqual(readdirSync(directory), [])
    }))

  it("describes itself the same way twice", () => {
    const [one, two] = [FilesSink.make({ directory: "x" }), FilesSink.make({ directory: "x" })]
    assert.deepStrictEqual([one.name, one.id, one.capabilities], [two.name, two.id, two.capabilities])
  })
})
