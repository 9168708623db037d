import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readdirSync, readFileSync } from "node:fs"
import { dirname } from "node:path"
import { SqliteSink } from "../src/index.ts"
import { record, row } from "./support/records.ts"
import { inspected, query, run, temporaryFile } from "./support/targets.ts"

const texts = [
  "../../escape",
  "a\0b",
  "a\0c",
  "a",
  "A",
  "a ",
  "é",
  "e\u0301",
  "\ud800",
  "\udfff",
  "\ufffd",
  "\ufffd~\"\\ud800\"",
  "x".repeat(300),
  "😀\u2028",
  "'; DROP TABLE jobs; --",
  "\"quoted\"",
  "@job",
  "?",
  "NULL",
  "select",
  "a.b/c",
  "1e3",
  "-0",
  "9007199254740993"
]

describe("hostile input", () => {
  it.effect("keeps every id distinct, and returns it", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const jobs = texts.flatMap((batch) => [
        record({ batch, project: batch, job: batch, labels: [batch], nested: [batch] }),
        record({ batch, job: "ordinary" })
      ])
      yield* run({ file }, [jobs, texts.map((job) => record({ batch: "all", job, text: JSON.stringify(job) }))])
      assert.deepStrictEqual(readdirSync(dirname(file)), ["labels.db"])
      const found = yield* inspected(file)
      const intact = found.flatMap((item) => item._tag === "Intact" ? [item] : [])
      assert.strictEqual(intact.length, 3 * texts.length)
      const ids = new Set(intact.map(({ receipt }) => JSON.stringify([receipt.batchId, receipt.jobId])))
      for (const text of texts) {
        for (const pair of [[text, text], [text, "ordinary"], ["all", text]]) {
          assert.isTrue(ids.has(JSON.stringify(pair)))
        }
        const own = intact.find(({ receipt }) => receipt.batchId === text && receipt.jobId === text)
        assert.strictEqual(own?.projectId, text)
        const bytes = yield* Stream.runCollect(SqliteSink.readDocument(file, { batchId: "all", jobId: text }))
        assert.strictEqual(Buffer.concat(bytes).toString(), JSON.stringify(text))
      }
    }))

  it.effect("returns labels, attributes and numbers of every kind", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const whole = texts.filter((text) => text.isWellFormed())
      const labels = [...whole, "", "x".repeat(1_000_000)]
      const attributes = JSON.stringify(Object.fromEntries(labels.map((label) => [label, [label]])))
      const geometry = "[".repeat(1000) + "]".repeat(1000)
      yield* run({ file }, [[
        record({ job: "labels", labels }),
        record({
          job: "numbers",
          rows: [0, -1, 5e-324, 1.7976931348623157e308, 0.1, 2 ** 53 + 2].map((x, index) =>
            row({
              annotation_index: index,
              x_min: x,
              label_key: index === 0 ? -(2 ** 31) : 2 ** 31 - 1,
              attributes,
              geometry
            })
          )
        })
      ]])
      const stored = (sql: string) => query(file, sql).flat()
      const order = "ORDER BY annotation_index"
      assert.deepStrictEqual(stored(`SELECT label FROM annotations WHERE job_id = 'labels' ${order}`), labels)
      assert.deepStrictEqual(stored(`SELECT x_min FROM annotations WHERE job_id = 'numbers' ${order}`), [
        0,
        -1,
        5e-324,
        1.7976931348623157e308,
        0.1,
        2 ** 53 + 2
      ])
      assert.deepStrictEqual(stored("SELECT DISTINCT attributes FROM annotations WHERE job_id = 'numbers'"), [
        attributes
      ])
      assert.deepStrictEqual(stored("SELECT DISTINCT geometry FROM annotations WHERE job_id = 'numbers'"), [geometry])
      assert.deepStrictEqual((yield* inspected(file)).map(({ _tag }) => _tag), ["Intact", "Intact"])
    }))

  it.effect("keeps what could not be read of a document, of the listing, and of the job", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* run({ file }, [[
        record({ job: "a", labels: ["fine"], problems: [{ path: "/data/x", reason: "odd" }] }),
        record({
          job: "b",
          summary: { frames: null, problems: ["frames", "tag"].map((path) => ({ path, reason: "odd" })) }
        })
      ]])
      assert.deepStrictEqual(query(file, "SELECT job_id, problem_index, path FROM problems ORDER BY 1, 2"), [
        ["a", 0, "/data/x"],
        ["b", 0, "frames"],
        ["b", 1, "tag"]
      ])
      assert.deepStrictEqual(query(file, "SELECT sum(problem_rows) FROM receipts"), [[3]])
    }))

  it.effect("writes down no signature, whatever URLs a result names", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const signed = "https://user:canary@files.example/a.png?X-Amz-Signature=canary&x=1#canary"
      yield* run({ file }, [[record({ job: "a", url: signed, nested: ["m"] })]])
      assert.notInclude(readFileSync(file, "latin1"), "canary")
      assert.deepStrictEqual(query(file, "SELECT result_url, url FROM jobs JOIN attachments USING (job_id)"), [
        ["https://files.example/a.png", "https://files.example/a.png"]
      ])
    }))
})
