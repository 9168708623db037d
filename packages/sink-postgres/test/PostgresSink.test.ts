import { assert, describe, it } from "@effect/vitest"
import { Selection } from "@labelstream/core"
import { AnnotationModel, type JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { inject } from "vitest"
import { platform } from "./support/platform.ts"
import { asOwner, make, newSchema, urlWith } from "./support/server.ts"

describe.skipIf(inject("postgres") === null)("a PostgreSQL sink", () => {
  it.live("needs no more than the documented rights, and does not open without one of them", () =>
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

  it.live("adds columns that tables lack, and keeps what users add", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const { exported } = yield* platform(3)
      yield* exported(make({ schema }))
      yield* asOwner([
        `ALTER TABLE ${schema}.media DROP COLUMN height CASCADE`,
        `ALTER TABLE ${schema}.jobs ADD COLUMN note text`,
        `UPDATE ${schema}.jobs SET note = 'mine'`,
        `UPDATE ${schema}.versions SET version = version - 1`
      ])
      yield* Effect.scoped(make({ schema }).open)
      const [newest] = yield* asOwner([`SELECT max(version) AS version FROM ${schema}.versions`])
      assert.strictEqual(newest?.["version"], AnnotationModel.version)
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

  it.live("restores a dropped view, and names the views that block a change of the tables", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const opened = Effect.scoped(make({ schema }).open)
      yield* opened
      yield* asOwner([`DROP VIEW ${schema}.labels`])
      yield* opened
      yield* asOwner([
        `CREATE VIEW ${schema}.mine AS SELECT class FROM ${schema}.labels`,
        `ALTER TABLE ${schema}.attachments DROP COLUMN sensor_id CASCADE`
      ])
      const error = yield* Effect.flip(opened)
      assert.strictEqual(error.reason, "misconfigured")
      assert.match(error.message, /your views depend on .*: drop them, run again.*labels/)
      yield* asOwner([`DROP VIEW ${schema}.mine`])
      yield* opened
      assert.deepStrictEqual(yield* asOwner([`TABLE ${schema}.labels`]), [])
    }))

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

  it.live("keeps a job of a later lease when an earlier lease commits after it", () =>
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
