import * as PgConnection from "@effect/sql-pg/PgConnection"
import { assert, describe, it } from "@effect/vitest"
import { Selection } from "@labelstream/core"
import { AnnotationModel, type JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { randomUUID } from "node:crypto"
import { inject } from "vitest"
import { startPostgres } from "../../../scripts/testPostgres.ts"
import { PostgresSink } from "../src/index.ts"
import { platform } from "./support/platform.ts"

const url = Redacted.make(inject("postgres") ?? "")
const newSchema = () => `s${randomUUID().replaceAll("-", "")}`

/** Runs statements as the server's owner. */
const asOwner = (statements: ReadonlyArray<string>, server = url) =>
  Effect.scoped(
    Effect.flatMap(PgConnection.make({ url: server }), (db) =>
      Effect.map(
        Effect.forEach(statements, (sql) => db.query(sql)),
        (results) => results.at(-1)?.rows ?? []
      ))
  )

/** The server's URL with another user or database. */
const urlWith = (change: (url: URL) => void) => {
  const changed = new URL(Redacted.value(url))
  change(changed)
  return Redacted.make(changed.href)
}

const make = (options: Partial<PostgresSink.Options> = {}) =>
  PostgresSink.make({ url, schema: newSchema(), durability: "process", ...options })

const refusal = (sink: ReturnType<typeof make>, step: "check" | "open") =>
  Effect.flip(step === "check" ? sink.check : Effect.scoped(sink.open))

describe.skipIf(inject("postgres") === null)("a PostgreSQL sink", () => {
  it.live("says why it cannot store, in one sentence without the password", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const [reader, canary] = [`reader_${schema.slice(1, 9)}`, "canary-4711"]
      yield* asOwner([`CREATE ROLE ${reader} LOGIN PASSWORD '${canary}'`, `CREATE SCHEMA ${schema}`])
      const asReader = urlWith((url) => Object.assign(url, { username: reader, password: canary }))
      const foreign = newSchema()
      yield* asOwner([`CREATE SCHEMA ${foreign}`, `CREATE TABLE ${foreign}.jobs (id int)`])
      const newer = newSchema()
      yield* Effect.scoped(make({ schema: newer }).open)
      yield* asOwner([`INSERT INTO ${newer}.versions (version) VALUES (99)`])
      const refused: ReadonlyArray<readonly [sink: ReturnType<typeof make>, reason: string, says: RegExp]> = [
        [make({ url: Redacted.make("") }), "misconfigured", /set LABELSTREAM_POSTGRES_URL/],
        [make({ url: Redacted.make(`mysql://me:${canary}@host/x`) }), "misconfigured", /%XX/],
        [make({ url: urlWith((url) => url.password = canary) }), "misconfigured", /user or the password/],
        [make({ url: urlWith((url) => url.pathname = "nope") }), "misconfigured", /no such database/],
        [make({ url: urlWith((url) => url.port = "1") }), "unavailable", /does not answer/],
        [make({ url: asReader }), "misconfigured", /let this user/],
        [make({ url: asReader, schema }), "misconfigured", /let this user/],
        [make({ durability: "fsync" }), "misconfigured", /fsync off/],
        [make({ schema: foreign }), "conflict", /has a table jobs that no run made/],
        [make({ schema: newer }), "corrupt", /newer version/],
        [make({ schema: "no\"schema" }), "misconfigured", /Option schema/],
        [
          make({ url: urlWith((url) => url.searchParams.set("options", "-c default_transaction_read_only=on")) }),
          "misconfigured",
          /read-only/
        ]
      ]
      for (const [sink, reason, says] of refused) {
        const error = yield* refusal(sink, "open")
        assert.match(error.message, says)
        assert.strictEqual(error.reason, reason, error.message)
        assert.notInclude(JSON.stringify([error, String(error), sink.id]), canary)
      }
    }))

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
        const error = yield* refusal(sink, "open")
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

  it.live("loses and doubles nothing when the server is killed in the middle of a run", () =>
    Effect.gen(function*() {
      const server = yield* Effect.acquireRelease(
        Effect.promise(startPostgres),
        (server) => Effect.promise(server.stop)
      )
      const at = Redacted.make(server.url)
      const schema = newSchema()
      const sink = make({ url: at, schema })
      // Small batches, so that commits go on while the server is away.
      const small = {
        ...sink,
        capabilities: { ...sink.capabilities, batch: { ...sink.capabilities.batch, maxRecords: 5 } }
      }
      const { exported } = yield* platform(120)
      let commits = 0
      let kills = 0
      let restarting: Promise<void> = Promise.resolve()
      const report = yield* exported(small, {
        onEvent: (event) => {
          if (event._tag !== "Stored") return
          commits++
          if (commits === 3 || commits === 12) restarting = restarting.then(server.restart).then(() => void kills++)
        }
      })
      yield* Effect.promise(() => restarting)
      assert.isTrue(report.complete, JSON.stringify(report.sinks))
      assert.strictEqual(kills, 2)
      const found = (yield* Stream.runCollect(sink.inspect("content"))).flat()
      assert.deepStrictEqual(found.filter(({ _tag }) => _tag !== "Intact"), [])
      assert.strictEqual(found.length, 120)
    }).pipe(Effect.scoped))
})
