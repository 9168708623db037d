/** What the line of the docs page that writes masks to files asks DuckDB for. */
import { DuckDBInstance } from "@duckdb/node-api"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { record } from "./support/records.ts"
import { run, temporary } from "./support/targets.ts"

const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "sinks", "parquet.md"), "utf8")
const sql = /^python3 -c .*duckdb\.sql\(\\"(.*)\\"\)/m.exec(page)?.[1] ?? ""

describe("masks", () => {
  it.effect("come out by one query as they came, under the names of a files sink", () =>
    Effect.gen(function*() {
      const folder = yield* temporary
      const large = "0123456789".repeat(250_000)
      yield* run({ directory: join(folder, "dataset") }, [[
        record({ job: "a", nested: [large, "small"] }),
        record({ job: "b" })
      ]])
      const found = yield* Effect.promise(async () => {
        const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect()
        try {
          await connection.run(`SET file_search_path = '${folder}'`)
          return (await connection.runAndReadAll(sql)).getRowsJS() as Array<[string, number, Uint8Array]>
        } finally {
          connection.closeSync()
        }
      })
      const written: Record<string, string> = {}
      for (const [path, chunk, bytes] of found) {
        written[path] = (chunk === 0 ? "" : written[path]!) + Buffer.from(bytes).toString()
      }
      assert.deepStrictEqual(written, { "batch-1/a/0000-mask.png": large, "batch-1/a/0001-mask.png": "small" })
    }))
})
