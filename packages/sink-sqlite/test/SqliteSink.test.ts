import { assert, describe, it } from "@effect/vitest"
import { AnnotationModel } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { zstdDecompressSync } from "node:zlib"
import { SqliteSink } from "../src/index.ts"
import { open } from "../src/internal/sqlite.ts"
import { record, sha256 } from "./support/records.ts"
import { batches, play } from "./support/scenario.ts"
import { contents, files, inspected, query, run, store, temporary, temporaryFile, using } from "./support/targets.ts"

const jobsIn = (file: string) => query(file, "SELECT job_id FROM jobs ORDER BY job_id").flat()

describe("before a commit", () => {
  it.effect("leaves a valid empty database, and nothing next to it, when closed without data", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* Effect.scoped(SqliteSink.make({ file }).open)
      assert.deepStrictEqual(Object.keys(files(dirname(file))), ["labels.db"])
      assert.deepStrictEqual(Object.values(contents(file)).flat(), [])
      assert.deepStrictEqual(yield* inspected(file), [])
    }))

  it.effect("changes nothing by checking, whatever is there", () =>
    Effect.gen(function*() {
      const folder = yield* temporary
      const file = join(folder, "labels.db")
      yield* SqliteSink.make({ file }).check
      assert.deepStrictEqual(files(folder), {})
      yield* run({ file }, batches.slice(0, 1))
      const before = files(folder)
      yield* SqliteSink.make({ file }).check
      assert.deepStrictEqual(files(folder), before)
      writeFileSync(file, "")
      yield* SqliteSink.make({ file }).check
      assert.deepStrictEqual(files(folder), { "labels.db": sha256("") })
    }))

  it.effect("refuses a second batch while one is staged", () =>
    Effect.gen(function*() {
      const sink = yield* SqliteSink.make({ file: yield* temporaryFile }).open
      yield* sink.stage("t", batches[0]!)
      assert.strictEqual((yield* Effect.flip(sink.stage("u", batches[1]!))).reason, "conflict")
      assert.strictEqual((yield* sink.commit("t")).length, 3)
    }))
})

describe("a commit", () => {
  it.effect("returns every row, document and file as it was handed over", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* play(file, open)
      const { annotations, attachments, documents, files, jobs, problems } = contents(file)
      assert.deepStrictEqual(Object.keys(jobs![0]!), AnnotationModel.tables.jobs.columns.map(({ name }) => name))
      assert.deepStrictEqual(
        Object.keys(annotations![0]!),
        AnnotationModel.tables.annotations.columns.map(({ name }) => name)
      )
      assert.deepStrictEqual(
        Object.keys(attachments![0]!),
        AnnotationModel.tables.attachments.columns.map(({ name }) => name)
      )
      assert.deepStrictEqual([jobs, annotations, attachments, documents, files, problems].map((rows) => rows!.length), [
        4,
        4,
        2,
        4,
        2,
        1
      ])
      const source = batches[1]![0]!
      const ids = { batchId: source.batchId, jobId: source.jobId }
      const document = Buffer.concat(yield* Stream.runCollect(SqliteSink.readDocument(file, ids)))
      assert.strictEqual(sha256(document), source.revision.document)
      const mask = Buffer.concat(yield* Stream.runCollect(SqliteSink.readAttachment(file, { ...ids, index: 0 })))
      assert.strictEqual(mask.toString(), "n0")
      const missing = SqliteSink.readAttachment(file, { ...ids, index: 1 })
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(missing))).reason, "misconfigured")
    }))

  it.effect("declares the columns of the model with their types, keys and nulls", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* run({ file }, [])
      const types = {
        text: "TEXT",
        json: "TEXT",
        int32: "INTEGER",
        int64: "INTEGER",
        double: "REAL",
        boolean: "INTEGER",
        bytes: "BLOB"
      }
      for (const [name, table] of Object.entries(AnnotationModel.tables)) {
        const found = query(file, `SELECT name, type, "notnull", pk FROM pragma_table_info('${name}')`)
        const key = table.key as ReadonlyArray<string>
        assert.deepStrictEqual(
          found,
          table.columns.map((column) => [
            column.name,
            types[column.type],
            column.nullable ? 0 : 1,
            key.indexOf(column.name) + 1
          ])
        )
      }
      assert.deepStrictEqual(
        query(file, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 ORDER BY 1"),
        [
          ["annotations_with_jobs"],
          ["annotations_with_media"],
          ["jobs_without_annotations"],
          ["labels"],
          ["loads"],
          ["sqlite_schema"]
        ]
      )
    }))

  it.effect("under a token twice is once, also after reopening, and returns the same receipts", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* SqliteSink.make({ file }).open
        const receipts = yield* store(sink, "t", batches[0]!)
        assert.deepStrictEqual(yield* sink.commit("t"), receipts)
        yield* store(sink, "u", batches[1]!)
        const before = contents(file)
        assert.deepStrictEqual(yield* sink.stage("t", batches[0]!), [])
        assert.deepStrictEqual(yield* sink.commit("t"), receipts)
        assert.deepStrictEqual(contents(file), before)
        yield* sink.finish({ outcome: "stopped" })
      }))
      const before = contents(file)
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* SqliteSink.make({ file }).open
        assert.strictEqual((yield* store(sink, "t", batches[0]!)).length, 3)
        yield* sink.finish({ outcome: "completed" })
      }))
      assert.deepStrictEqual(contents(file), before)
      assert.deepStrictEqual(query(file, "SELECT * FROM commits"), [])
    }))

  it.effect("counts a batch that was staged twice, and a job that is in it twice, once", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const sink = yield* SqliteSink.make({ file }).open
      yield* sink.stage("t", batches[0]!)
      yield* sink.stage("t", batches[0]!)
      assert.strictEqual((yield* sink.commit("t")).length, 3)
      const twice = [record({ job: "a", labels: ["old", "old"] }), record({ job: "a", labels: ["new"] })]
      const receipts = yield* store(sink, "u", twice)
      assert.deepStrictEqual(receipts.map(({ revision }) => revision), [twice[1]!.revision])
      assert.deepStrictEqual(query(file, "SELECT label FROM annotations WHERE job_id = 'a'"), [["new"]])
    }))

  it.effect("of a changed job leaves no row, file, or problem of the older one", () =>
    Effect.gen(function*() {
      const reworked = yield* temporaryFile
      yield* run({ file: reworked }, batches)
      const fresh = yield* temporaryFile
      yield* run({ file: fresh }, batches.slice(1))
      assert.deepStrictEqual(contents(reworked), contents(fresh))
    }))

  it.effect("ends with the same rows whatever the batches and their order", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* temporaryFile, yield* temporaryFile]
      const records = Array.from({ length: 40 }, (_, index) => record({ job: `job-${index}`, nested: ["m"] }))
      yield* run({ file: one }, [records])
      yield* run({ file: other }, [records.slice(20).reverse(), records.slice(0, 25)])
      assert.deepStrictEqual(contents(one), contents(other))
    }))

  it.effect("leaves rows and views that others have added alone", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* run({ file }, batches.slice(0, 1))
      using(file, (db) =>
        db.exec(
          "CREATE INDEX by_label ON annotations (label); CREATE TABLE ledger_jobs (x) STRICT".replace(
            "(x)",
            "(x INTEGER)"
          )
        ))
      yield* run({ file }, batches.slice(1))
      assert.strictEqual(query(file, "SELECT 1 FROM sqlite_schema WHERE name IN ('by_label', 'ledger_jobs')").length, 2)
      assert.strictEqual(jobsIn(file).length, 4)
    }))
})

describe("options", () => {
  it.effect("keep documents as zstd files, as they came, or not at all", () =>
    Effect.gen(function*() {
      const text = JSON.stringify({ data: { list: Array(100).fill("the same") } })
      const batch = [[record({ job: "a", text, nested: ["mask"] })]]
      const zstd = yield* temporaryFile
      yield* run({ file: zstd }, batch)
      const [codec, bytes] = query(zstd, "SELECT codec, bytes FROM documents")[0]!
      assert.deepStrictEqual([codec, zstdDecompressSync(bytes as Buffer).toString()], ["zstd", text])
      const plain = yield* temporaryFile
      yield* run({ file: plain, documents: "plain" }, batch)
      assert.deepStrictEqual(
        query(plain, "SELECT codec, json_extract(CAST(bytes AS TEXT), '$.data.list[99]') FROM documents"),
        [["none", "the same"]]
      )
      const off = yield* temporaryFile
      yield* run({ file: off, documents: "off", attachments: "off" }, batch)
      assert.deepStrictEqual(query(off, "SELECT * FROM documents UNION ALL SELECT 1, 2, 3, 4, 5 FROM files"), [])
      assert.deepStrictEqual(query(off, "SELECT revision FROM attachments"), [[sha256("mask")]])
      for (const file of [zstd, plain, off]) {
        assert.deepStrictEqual((yield* inspected(file)).map(({ _tag }) => _tag), ["Intact"])
      }
    }))

  it.effect("are described the same way twice, and name the same place for the same file", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const [one, two] = [SqliteSink.make({ file }), SqliteSink.make({ file, durability: "process" })]
      assert.deepStrictEqual([one.id, one.name, one.version], [two.id, two.name, two.version])
      assert.deepStrictEqual([one.capabilities.durability, two.capabilities.durability], ["fsync", "process"])
      yield* run({ file, durability: "process" }, batches)
      assert.strictEqual((yield* inspected(file)).length, 4)
    }))
})
