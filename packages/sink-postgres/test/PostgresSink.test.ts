import { assert, describe, it } from "@effect/vitest"
import { Selection } from "@labelstream/core"
import { AnnotationModel, type JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { inject } from "vitest"
import { platform } from "./support/platform.ts"
import { asOwner, make, newSchema, urlWith } from "./support/server.ts"

describe.skipIf(inject("postgres") === null)("a PostgreSQL sink", () => {
  it.live("needs no more rights than it says, and misses each of them when it opens", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const role = `writer_${schema.slice(1, 9)}`
      yield* Effect.scoped(make({ schema }).open)
      yield* asOwner([`CREATE ROLE ${role} LOGIN PASSWORD 'x'`, `GRANT USAGE ON SCHEMA ${schema} TO ${role}`])
      const sink = make({
        url: urlWith((url) => Object.assign(url, { username: role, password: "x" })),
        schema
      })
      for (const right of ["SELECT", "INSERT", "UPDATE", "DELETE"]) {
        const error = yield* Effect.flip(Effect.scoped(sink.open))
        assert.strictEqual(error.reason, "misconfigured", error.message)
        assert.match(error.message, /let this user/)
        yield* asOwner([`GRANT ${right} ON ALL TABLES IN SCHEMA ${schema} TO ${role}`])
      }
      const { exported } = yield* platform(3)
      for (let run = 0; run < 2; run++) {
        const report = yield* exported(sink)
        assert.isTrue(report.complete, JSON.stringify(report.sinks))
      }
    }).pipe(Effect.scoped))

  it.live("changes nothing by checking", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      yield* make({ schema }).check
      assert.deepStrictEqual(yield* asOwner([`SELECT 1 FROM pg_namespace WHERE nspname = '${schema}'`]), [])
    }))

  it.live("gives tables the columns that they lack, and leaves what people add", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const { exported } = yield* platform(3)
      yield* exported(make({ schema }))
      yield* asOwner([
        `ALTER TABLE ${schema}.media DROP COLUMN height CASCADE`,
        `ALTER TABLE ${schema}.jobs ADD COLUMN note text`,
        `UPDATE ${schema}.jobs SET note = 'mine'`
      ])
      yield* Effect.scoped(make({ schema }).open)
      const columns = yield* asOwner([
        `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = '${schema}' AND table_name = 'media'`
      ])
      const names = columns.map((row) => String(row["name"])).sort()
      assert.deepStrictEqual(names, AnnotationModel.tables.media.columns.map(({ name }) => name).sort())
      const notes = yield* asOwner([`SELECT count(*)::int4 AS n FROM ${schema}.jobs WHERE note = 'mine'`])
      assert.deepStrictEqual(notes, [{ n: 3 }])
      const boxes = yield* asOwner([`SELECT count(*)::int4 AS n FROM ${schema}.annotations_with_media`])
      assert.isAbove(Number(boxes[0]?.["n"]), 0)
    }).pipe(Effect.scoped))

  it.live("replaces NUL characters, and says so once per job and column", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const sink = make({ schema })
      const { exported } = yield* platform(2)
      const withNul = (record: JobSink.JobRecord): JobSink.JobRecord => ({
        ...record,
        parsed: {
          ...record.parsed,
          rows: (ids) =>
            Stream.map(record.parsed.rows(ids), (decoded) => ({
              ...decoded,
              rows: decoded.rows.map((row) => ({ ...row, label: `a\0b`, attributes: `{"\\\\u0000":"\\u0000"}` }))
            }))
        }
      })
      yield* exported({
        ...sink,
        open: Effect.map(sink.open, (open) => ({
          ...open,
          stage: (token, records) => open.stage(token, records.map(withNul))
        }))
      })
      const rows = yield* asOwner([`SELECT DISTINCT label, attributes FROM ${schema}.annotations`])
      assert.deepStrictEqual(rows, [{ label: "a\ufffdb", attributes: { "\\u0000": "\ufffd" } }])
      const problems = yield* asOwner([
        `SELECT path, count(*)::int4 AS jobs FROM ${schema}.problems WHERE reason LIKE 'NUL%' GROUP BY path ORDER BY path`
      ])
      assert.deepStrictEqual(problems, [{ path: "attributes", jobs: 2 }, { path: "label", jobs: 2 }])
    }).pipe(Effect.scoped))

  it.live("answers what changed since a load, by load_id", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const { exported } = yield* platform(4)
      yield* exported(make({ schema }))
      const [load] = yield* asOwner([`SELECT load_id, started_at, jobs::int4 AS jobs FROM ${schema}.loads`])
      assert.strictEqual(load?.["jobs"], 4)
      assert.match(String(load?.["started_at"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      const since = (id: string) =>
        asOwner([
          `SELECT a.* FROM ${schema}.annotations AS a JOIN ${schema}.jobs AS j USING (batch_id, job_id) WHERE j.load_id > ${id}`
        ])
      assert.isAbove((yield* since("0")).length, 0)
      assert.deepStrictEqual(yield* since(String(load?.["load_id"])), [])
    }).pipe(Effect.scoped))

  it.live("keeps a job that was stored under a later lease, whoever comes late", () =>
    Effect.gen(function*() {
      const sink = make()
      const { exported, simulator } = yield* platform(3)
      const revisions = Effect.map(Stream.runCollect(sink.inspect("content")), (found) =>
        found.flat().map((item) => item._tag === "Intact" ? item.receipt.revision.document : item._tag))
      const selection = Selection.refresh()
      yield* exported(sink, { lease: 20 })
      const first = yield* revisions
      yield* simulator.rework(...Array.from(simulator.jobs("one"), ({ id }) =>
        id))
      assert.isTrue((yield* exported(sink, { lease: 10, selection })).complete)
      assert.deepStrictEqual(yield* revisions, first)
      yield* exported(sink, { lease: 20, selection })
      const later = yield* revisions
      assert.isTrue(first.every((revision) => !later.includes(revision)))
    }).pipe(Effect.scoped))
})
