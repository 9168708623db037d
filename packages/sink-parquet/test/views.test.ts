/** DuckDB runs the views next to the tables, from within the dataset's folder and from elsewhere. */
import { DuckDBInstance } from "@duckdb/node-api"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { jobs, record, row } from "./support/records.ts"
import { run, temporary, tree } from "./support/targets.ts"

/** What DuckDB answers after it has read the file, as its `-init` does. */
const answers = (directory: string, queries: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect()
    try {
      await connection.run(`SET file_search_path = '${directory}'`)
      await connection.run(readFileSync(join(directory, "_views.sql"), "utf8"))
      const found: Array<unknown> = []
      for (const query of queries) found.push((await connection.runAndReadAll(query)).getRowsJson())
      return found
    } finally {
      connection.closeSync()
    }
  })

describe("the views for DuckDB", () => {
  it.effect("answer what people ask first", () =>
    Effect.gen(function*() {
      const directory = join(yield* temporary, "data set")
      const label = (job: string, index: number, text: string) =>
        row("batch-1", job, index, { label: text, x_min: 0.1, y_min: 0.2, x_max: 0.3, y_max: 0.4, media_index: 0 })
      const sketch = { media: [{}], text: "{}" }
      yield* run({ directory }, [[
        {
          ...record({ job: "a", ...sketch, rows: ["car", "car", "bus"].map((text, at) => label("a", at, text)) }),
          sizes: new Map([[0, { width: 1000, height: 500 }]]),
          load: 1_764_435_905_007_123
        },
        { ...record({ job: "b", ...sketch, rows: [label("b", 0, "car")] }), load: 1_764_435_905_123_999 },
        { ...record({ job: "empty", ...sketch, rows: 0 }), load: 1_764_435_905_123_999 }
      ]])
      const box = ["x_min_px", "y_min_px", "x_max_px", "y_max_px"].map((name) => `round(${name}, 6)`).join(", ")
      assert.deepStrictEqual(
        yield* answers(directory, [
          "SELECT * FROM labels ORDER BY class",
          "SELECT reference_id, annotation_index FROM annotations_with_jobs WHERE label = 'bus'",
          `SELECT url, width, height, ${box} FROM annotations_with_media WHERE annotation_index = 0 ORDER BY job_id`,
          "SELECT job_id FROM jobs_without_annotations",
          "SELECT * FROM loads ORDER BY load_id",
          "SELECT count(*)::INT FROM contents"
        ]),
        [
          [["bus", "1", "1"], ["car", "3", "2"]],
          [["ref-a", 2]],
          [
            ["https://inputs.example/0.jpg", 1000, 500, 100, 100, 300, 200],
            ["https://inputs.example/0.jpg", null, null, null, null, null, null]
          ],
          [["empty"]],
          [
            ["1764435905007123", "2025-11-29T17:05:05.007Z", "1", "2"],
            ["1764435905123999", "2025-11-29T17:05:05.123Z", "2", "4"]
          ],
          [[3]]
        ]
      )
    }))

  it.effect("exist without rows, are corrected if they differ, and are not files of a table", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory }, [])
      assert.deepStrictEqual(yield* answers(directory, ["FROM labels", "FROM loads"]), [[], []])
      const before = tree(directory)
      const views = join(directory, "_views.sql")
      writeFileSync(views, "SELECT 1")
      yield* run({ directory }, [])
      assert.deepStrictEqual(tree(directory), before)
      yield* run({ directory }, [jobs(0, 3)])
      assert.isTrue(existsSync(views))
      assert.deepStrictEqual(yield* answers(directory, ["SELECT jobs FROM loads"]), [[["3"]]])
    }))
})
