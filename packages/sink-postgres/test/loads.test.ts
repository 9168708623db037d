import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { inject } from "vitest"
import { record } from "./support/records.ts"
import { asOwner, make, newSchema } from "./support/server.ts"

const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "sinks", "postgres.md"), "utf8")
const section = page.slice(page.indexOf("## Load new rows incrementally"))
const [query = "", model = ""] = Array.from(section.matchAll(/```sql\n(.*?)```/gs), ([, sql]) => sql)

/** What dbt makes of the model: its query, and the hook that runs after each load. */
const rendered = (schema: string, isIncremental: boolean) => {
  const filled = model
    .replaceAll(/\{\{ source\('labelstream', '(\w+)'\) \}\}/g, (_, table) => `${schema}.${table}`)
    .replaceAll("{{ this }}", `${schema}.model`)
  const [, hook = ""] = /post_hook = "(.*?)"/s.exec(filled) ?? []
  const select = filled
    .replace(/\{\{ config\(.*?\) \}\}/s, "")
    .replace(/\{% if is_incremental\(\) %\}(.*?)\{% endif %\}/s, isIncremental ? "$1" : "")
  return { select, hook }
}

const of = (load: number, ...records: ReadonlyArray<JobSink.JobRecord>) => records.map((each) => ({ ...each, load }))

const store = ({ commit, stage }: JobSink.OpenSink, token: string, records: ReadonlyArray<JobSink.JobRecord>) =>
  Effect.andThen(stage(token, records), commit(token))

describe.skipIf(inject("postgres") === null)("loads of a PostgreSQL schema", () => {
  it.live("are listed with their start, and show which rows are new", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const open = yield* make({ schema }).open
      yield* store(open, "1", of(1764450245678000, record("a"), record("b")))
      yield* store(open, "2", of(1764450245678999, record("b", "truck", 3), record("c")))
      assert.deepStrictEqual(
        yield* asOwner([`SELECT load_id::text, started_at, jobs::int4 FROM ${schema}.loads ORDER BY load_id`]),
        [
          { load_id: "1764450245678000", started_at: "2025-11-29T21:04:05.678Z", jobs: 1 },
          { load_id: "1764450245678999", started_at: "2025-11-29T21:04:05.678Z", jobs: 2 }
        ]
      )
      const since = query.replaceAll("labelstream.", `${schema}.`)
      const rows = yield* asOwner([since])
      assert.deepStrictEqual(rows.map((row) => String(row["job_id"])).sort(), ["b", "b", "b", "c", "c"])
    }).pipe(Effect.scoped))

  it.live("bring a dbt model to what a full build of it has, after corrections and in the middle of a run", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const open = yield* make({ schema }).open
      yield* store(open, "1", of(1000, record("a"), record("b"), record("c")))
      yield* asOwner([`CREATE TABLE ${schema}.model AS ${rendered(schema, false).select}`])
      const { hook, select } = rendered(schema, true)
      const load = asOwner([
        "BEGIN",
        `CREATE TEMPORARY TABLE new_rows ON COMMIT DROP AS ${select}`,
        `DELETE FROM ${schema}.model AS m USING new_rows AS n WHERE (m.batch_id, m.job_id) = (n.batch_id, n.job_id)`,
        `INSERT INTO ${schema}.model TABLE new_rows`,
        hook,
        "COMMIT"
      ])
      // A correction with more rows, one without any, and a new job; then more of the same run.
      yield* store(open, "2", of(2000, record("b", "truck", 5), record("c", "truck", 0), record("d")))
      yield* load
      yield* store(open, "3", of(2000, record("e")))
      yield* load
      const full = `(${rendered(schema, false).select})`
      assert.deepStrictEqual(
        yield* asOwner([
          `(TABLE ${schema}.model EXCEPT ALL ${full}) UNION ALL (${full} EXCEPT ALL TABLE ${schema}.model)`
        ]),
        []
      )
      assert.deepStrictEqual(yield* asOwner([`SELECT count(*)::int4 AS rows FROM ${schema}.model`]), [{ rows: 11 }])
    }).pipe(Effect.scoped))
})
