import { assert, describe, it } from "@effect/vitest"
import { ResultDocument } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { query } from "./support/readers.ts"
import { content, record } from "./support/records.ts"
import { run, temporary } from "./support/targets.ts"

const classes = ["car", "Fußgänger", "😀", "traffic light", "a\"b"]

/** A result document with rectangles of these classes. */
const document = (labels: ReadonlyArray<string>) =>
  JSON.stringify({
    data: {
      annotations: {
        rectangles: labels.map((label, index) => ({
          _id: `id-${index}`,
          type: "rectangle",
          label,
          coordinates: [{ x: 0.1, y: 0.2 }, { x: 0.3, y: 0.4 }],
          attributes: {}
        }))
      }
    }
  })

describe("labels", () => {
  it.effect("are as many as an independent count in the documents finds", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const texts = Array.from({ length: 30 }, (_, job) =>
        document(Array.from({ length: job }, (_, index) => classes[(job * index) % classes.length]!)))
      const records = yield* Effect.forEach(texts, (text, index) =>
        Effect.map(ResultDocument.open(content(text)), (parsed) =>
          record({ job: `job-${index}`, text, parsed })))
      yield* run({ directory, rowGroupRows: 50, partBytes: 20_000 }, [records.slice(0, 11), records.slice(11)])
      const counts = new Map<string, number>()
      for (const text of texts) {
        for (const [, label = ""] of text.matchAll(/"label":("(?:[^"\\]|\\.)*")/g)) {
          const name = JSON.parse(label) as string
          counts.set(name, (counts.get(name) ?? 0) + 1)
        }
      }
      const found = yield* query(directory, "SELECT label, count(*)::INT FROM {annotations} GROUP BY label")
      assert.deepStrictEqual(new Map(found as ReadonlyArray<[string, number]>), counts)
      assert.deepStrictEqual(
        yield* query(
          directory,
          "SELECT count(*)::INT FROM {jobs} j WHERE annotation_rows <> (SELECT count(*) FROM {annotations} a WHERE a.job_id = j.job_id)"
        ),
        [[0]]
      )
    }))
})

describe("the docs page", () => {
  it.effect("has queries that run", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const text = "{\"x\":\"ü\"}"
      yield* run({ directory }, [[
        record({ job: "5a375fc2", batch: "b1", text }),
        record({ job: "other", batch: "b1" })
      ]])
      const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "sinks", "parquet.md"), "utf8")
      const queries = /```sql\n(.*?)```/s.exec(page)![1]!.split(";").filter((text) => text.trim() !== "")
      const found = yield* Effect.forEach(
        queries,
        (sql) => query(directory, sql.replaceAll("'dataset/", `'${directory}/`))
      )
      assert.deepStrictEqual(found.map((rows) => rows.length), [3, 0, 1])
      assert.deepStrictEqual(found.at(-1), [[text]])
    }))
})
