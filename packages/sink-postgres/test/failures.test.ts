import * as PgConnection from "@effect/sql-pg/PgConnection"
import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { once } from "node:events"
import { createServer } from "node:net"
import { inject } from "vitest"
import { toSinkError } from "../src/internal/failure.ts"
import { record } from "./support/records.ts"
import { asOwner, make, newSchema, url, urlWith, userWith } from "./support/server.ts"

const opened = (sink: JobSink.JobSink) => Effect.flip(Effect.scoped(sink.open))

const store = ({ commit, stage }: JobSink.OpenSink, token: string, ...records: ReadonlyArray<JobSink.JobRecord>) =>
  Effect.andThen(stage(token, records), commit(token))

/** Jobs that are intact, where all are. */
const intact = (sink: JobSink.JobSink) =>
  Effect.map(Stream.runCollect(sink.inspect("content")), (pages) => {
    const found = pages.flat()
    assert.deepStrictEqual(found.filter(({ _tag }) => _tag !== "Intact"), [])
    return found.length
  })

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
        [make({ url: urlWith((url) => url.port = "1") }), "unavailable", /does not respond/],
        [make({ url: urlWith((url) => url.searchParams.set("sslmode", "require")) }), "misconfigured", /TLS/],
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
        const error = yield* opened(sink)
        assert.match(error.message, says)
        assert.strictEqual(error.reason, reason, error.message)
        assert.notInclude(JSON.stringify([error, String(error), sink.id]), canary)
      }
    }))

  it("says how to trust a certificate that is not trusted", () => {
    const cause = Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" })
    const reason = new ConnectionError({ cause, message: "Failed to connect", operation: "connect" })
    const error = toSinkError("PostgreSQL at db:5432/x", { step: "open" })(new SqlError({ reason }))
    assert.strictEqual(error.reason, "misconfigured")
    assert.match(
      error.message,
      /not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\): give its CA's file in NODE_EXTRA_CA_CERTS/
    )
  })

  it.live("stores nothing of a batch when the disk is full, and all of it once there is room", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const sink = make({ schema })
      const open = yield* sink.open
      yield* store(open, "1", record("a"))
      // The server meets a device without room, in the middle of the batch.
      yield* asOwner([
        `CREATE FUNCTION ${schema}.full_disk() RETURNS trigger LANGUAGE plpgsql AS
          $full$ BEGIN COPY (SELECT repeat('x', 100000)) TO '/dev/full'; RETURN NULL; END $full$`,
        `CREATE TRIGGER full_disk AFTER INSERT ON ${schema}.annotations EXECUTE FUNCTION ${schema}.full_disk()`
      ])
      const error = yield* Effect.flip(open.stage("2", [record("b"), record("c")]))
      assert.strictEqual(error.reason, "unavailable")
      assert.match(error.message, /the disk of PostgreSQL at .* is full: free some and run again/)
      assert.strictEqual(yield* intact(sink), 1)
      yield* asOwner([`DROP TRIGGER full_disk ON ${schema}.annotations`])
      yield* store(open, "2", record("b"), record("c"))
      assert.strictEqual(yield* intact(sink), 3)
    }).pipe(Effect.scoped))

  it.live("keeps the limits that the server sets for its user, and names the one it reached", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      yield* Effect.scoped(make({ schema }).open)
      const limits: ReadonlyArray<readonly [setting: string, says: RegExp]> = [
        ["statement_timeout = '200ms'", /took too long: .* raise its statement_timeout/],
        ["lock_timeout = '200ms'", /held by another transaction/]
      ]
      for (const [setting, says] of limits) {
        const sink = make({ schema, ...(yield* userWith([setting])) })
        const open = yield* sink.open
        const error = yield* Effect.scoped(Effect.gen(function*() {
          const other = yield* PgConnection.make({ url })
          yield* other.query("BEGIN")
          yield* other.query(`LOCK TABLE ${schema}.annotations`)
          return yield* Effect.flip(open.stage(setting, [record("a")]))
        }))
        assert.strictEqual(error.reason, "unavailable", error.message)
        assert.match(error.message, says)
        yield* store(open, setting, record("a"))
      }
    }).pipe(Effect.scoped))

  it.live("commits durably, even if the server turns that off for its user", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const open = yield* make({ schema, ...(yield* userWith(["synchronous_commit = off"])) }).open
      yield* asOwner([
        `ALTER TABLE ${schema}.jobs ADD COLUMN durable text DEFAULT current_setting('synchronous_commit')`
      ])
      yield* store(open, "1", record("a"))
      assert.deepStrictEqual(yield* asOwner([`SELECT durable FROM ${schema}.jobs`]), [{ durable: "on" }])
    }).pipe(Effect.scoped))

  it.live("resumes when its session is ended, and says when its new session is read-only", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const { role, url } = yield* userWith([])
      const sink = make({ schema, url })
      const open = yield* sink.open
      const endSession = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${role}'`
      yield* open.stage("1", [record("a")])
      yield* asOwner([endSession])
      const lost = yield* Effect.flip(open.commit("1"))
      assert.strictEqual(lost.reason, "unavailable")
      assert.match(lost.message, /does not respond: check that it runs/)
      yield* open.commit("1")
      yield* asOwner([`ALTER ROLE ${role} SET default_transaction_read_only = on`, endSession])
      yield* Effect.flip(open.stage("2", [record("b")]))
      const error = yield* Effect.flip(open.stage("2", [record("b")]))
      assert.strictEqual(error.reason, "misconfigured")
      assert.match(error.message, /read-only: is it a standby\? Give the primary/)
      assert.strictEqual(yield* intact(sink), 1)
    }).pipe(Effect.scoped))

  it.effect("waits 90 seconds at most for a server that hangs, and stores when it is back", () =>
    Effect.gen(function*() {
      const { role, url } = yield* userWith([])
      const sink = make({ url })
      const open = yield* sink.open
      const [session] = yield* asOwner([`SELECT pid FROM pg_stat_activity WHERE usename = '${role}'`])
      const pid = Number(session?.["pid"])
      yield* Effect.acquireRelease(
        Effect.sync(() => process.kill(pid, "SIGSTOP")),
        () => Effect.sync(() => process.kill(pid, "SIGCONT"))
      )
      const staging = yield* Effect.forkChild(Effect.flip(open.stage("1", [record("a")])), { startImmediately: true })
      yield* TestClock.adjust("90 seconds")
      const error = yield* Fiber.join(staging)
      assert.strictEqual(error.reason, "unavailable")
      assert.match(error.message, /does not respond/)
      yield* store(open, "1", record("a"))
      assert.strictEqual(yield* intact(sink), 1)
    }).pipe(Effect.scoped))

  it.effect("waits 10 seconds at most for a server that accepts connections and says nothing", () =>
    Effect.gen(function*() {
      const listener = yield* Effect.acquireRelease(
        Effect.sync(() => createServer().listen(0, "127.0.0.1")),
        (server) => Effect.sync(() => server.close())
      )
      yield* Effect.promise(() => once(listener, "listening"))
      const address = listener.address()
      const port = typeof address === "object" ? String(address?.port) : ""
      const sink = make({ url: urlWith((url) => url.port = port) })
      const opening = yield* Effect.forkChild(opened(sink), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      const error = yield* Fiber.join(opening)
      assert.strictEqual(error.reason, "unavailable")
      assert.match(error.message, /does not respond/)
    }).pipe(Effect.scoped))
})
