import { assert, describe, it } from "@effect/vitest"
import { Ledger } from "@labelstream/core"
import * as Cause from "effect/Cause"
import {
  MessageStorage,
  Runner,
  RunnerAddress,
  RunnerStorage,
  ShardId,
  ShardingConfig,
  SqlMessageStorage,
  SqlRunnerStorage
} from "effect/cluster"
import * as Context from "effect/Context"
import { Digest } from "effect/crypto"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import * as fs from "node:fs"
import { createServer, type Server } from "node:net"
import { join } from "node:path"
import { inspect } from "node:util"
import { ClusterStorage, ExportStore, SqlLedger } from "../src/index.ts"
import { socketTo } from "../src/internal/postgresSocket.ts"
import { kinds, postgresUrl } from "./support/databases.ts"
import { temporaryFolder } from "./support/folders.ts"

const canary = "canary-0f3a%2F"

/** Everything that is shown of a failure, in every way of showing it, with all that was logged. */
const shown = Effect.fnUntraced(function*(url: string) {
  const logged: Array<unknown> = []
  const logger = Logger.layer([Logger.make(({ cause, message }) => logged.push(message, Cause.pretty(cause)))])
  const ledger = SqlLedger.layer.pipe(Layer.provide(ClusterStorage.layer(Redacted.make(url))))
  const exit = yield* Ledger.Ledger.use((ledger) => ledger.begin).pipe(
    Effect.provide(ledger, { local: true }),
    Effect.tapCause((cause) => Effect.logError("it failed", cause)),
    Effect.provide(logger),
    Effect.exit
  )
  if (Exit.isSuccess(exit)) return assert.fail(`${url} was taken`)
  const [reason] = exit.cause.reasons
  const error = reason?._tag === "Fail" ? reason.error : assert.fail(Cause.pretty(exit.cause))
  assert.isAbove(logged.length, 0)
  const texts = [Cause.pretty(exit.cause), inspect(exit, { depth: 20, showHidden: true }), JSON.stringify(exit)]
  return { error, text: [...texts, inspect(logged, { depth: 20 })].join("\n") }
})

const secrets = ["canary-0f3a", "canary"]
const assertSecret = (text: string) => secrets.forEach((secret) => assert.notInclude(text, secret))

/** A port of this machine where nothing listens. */
const closedPort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

describe("ClusterStorage", () => {
  for (
    const [what, url] of [
      ["is of no known kind", `mysql://user:${canary}@host/db`],
      ["cannot be read", `postgres://user:${canary}@host:port/db`],
      ["holds a password that was not encoded", `postgres://user:${canary}/@host#[:1/db`],
      ["is empty", ""],
      ["names no file", "sqlite:"]
    ] as const
  ) {
    it.live(`refuses a URL that ${what}, says the forms that it takes, and shows nothing of it`, () =>
      Effect.gen(function*() {
        const { error, text } = yield* shown(url)
        assert.strictEqual(error.reason, "unavailable")
        assert.include(error.message, "sqlite:FILE")
        assertSecret(text)
      }))
  }

  it.live("shows no password when the server does not answer", () =>
    Effect.gen(function*() {
      const { error, text } = yield* shown(`postgres://user:${canary}@127.0.0.1:${yield* closedPort}/db`)
      assert.strictEqual(error.reason, "unavailable")
      assertSecret(text)
    }))

  if (kinds.some(({ name }) => name === "PostgreSQL")) {
    it.live("shows no password when the server refuses it, or has no such database", () =>
      Effect.gen(function*() {
        const right = new URL(Redacted.value(yield* postgresUrl))
        const wrong = new URL(right)
        wrong.password = canary
        const refused = yield* shown(wrong.href)
        assert.strictEqual(refused.error.reason, "unavailable")
        assert.include(refused.error.message, "password")
        assertSecret(refused.text)
        const lost = new URL(right)
        lost.pathname = "lost"
        const missing = yield* shown(lost.href)
        assert.strictEqual(missing.error.reason, "unavailable")
        assertSecret(missing.text)
      }))
  }

  it.live("says what is wrong with a file: no folder, or no database", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const noFolder = yield* shown(`sqlite:${join(folder, "lost", "cluster.db")}`)
      assert.strictEqual(noFolder.error.reason, "unavailable")
      assert.include(noFolder.error.message, "folder")
      fs.writeFileSync(join(folder, "text.db"), "this is no database, but a text of some length".repeat(100))
      const noDatabase = yield* shown(`sqlite:${join(folder, "text.db")}`)
      assert.strictEqual(noDatabase.error.reason, "damaged")
    }))

  it.live("gives up a connection on which it has heard nothing for so long", () =>
    Effect.gen(function*() {
      const server = yield* Effect.acquireRelease(
        Effect.callback<Server>((resume) => {
          const server = createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const open = socketTo(Redacted.make(`postgres://me@127.0.0.1:${port}/x`), Duration.millis(50))
      const error = yield* Effect.callback<Error>((resume) => {
        open?.().on("error", (error) => resume(Effect.succeed(error)))
      })
      assert.include(error.message, "No response")
      assert.isUndefined(socketTo(Redacted.make("postgres:///x?host=/run/postgresql"), Duration.millis(50)))
    }))

  it.effect("knows which databases are on this machine", () =>
    Effect.gen(function*() {
      const local = ["sqlite:x.db", "postgres://a:b@localhost/x", "postgres://a@127.0.0.1:1/x", "postgres://a@[::1]/x"]
      const remote = ["postgres://a:b@db.local/x", "postgres://a:b@10.0.0.7:5433/x"]
      const found = yield* Effect.forEach([...local, ...remote], (url) => ClusterStorage.isLocal(Redacted.make(url)))
      assert.deepStrictEqual(found, [...local.map(() => true), ...remote.map(() => false)])
    }))

  it.live("says where a database is without its user and password", () =>
    Effect.gen(function*() {
      const describe = (url: string) => ClusterStorage.describe(Redacted.make(url))
      assert.strictEqual(yield* describe(`postgres://me:${canary}@db.local/x`), "PostgreSQL at db.local:5432/x")
      assert.strictEqual(yield* describe("sqlite:///var/lib/x.db"), "SQLite file /var/lib/x.db")
    }))

  for (const kind of kinds) {
    describe(`on ${kind.name}`, () => {
      const clients = Effect.fnUntraced(function*(count: number) {
        const url = yield* kind.url
        const contexts = yield* Effect.forEach(
          Array.from({ length: count }),
          () => Layer.build(Layer.fresh(ClusterStorage.layer(url))),
          { concurrency: "unbounded" }
        )
        return contexts.map((context) => Layer.succeed(SqlClient.SqlClient, Context.get(context, SqlClient.SqlClient)))
      })

      it.live("refuses a database that a newer version has written, and says so", () =>
        Effect.gen(function*() {
          const [client] = yield* clients(1)
          if (client === undefined) return
          const ledger = Layer.provide(SqlLedger.layer, client)
          yield* Effect.provide(Ledger.Ledger.use((ledger) => ledger.begin), ledger, { local: true })
          yield* SqlClient.SqlClient.use((sql) =>
            sql`INSERT INTO labelstream_migrations (migration_id, name) VALUES (99, 'of tomorrow')`
          ).pipe(Effect.provide(client))
          const error = yield* Effect.flip(
            Effect.provide(Ledger.Ledger.use((ledger) => ledger.begin), ledger, { local: true })
          )
          assert.strictEqual(error.reason, "newer")
          assert.include(error.message, "format 99")
        }))

      it.live("brings a database of an earlier version to the current one, and keeps what is in it", () =>
        Effect.gen(function*() {
          const [client] = yield* clients(1)
          if (client === undefined) return
          const stores = ExportStore.layer.pipe(Layer.provide(client))
          const batch = { projectId: "p", batchId: "b" }
          const failed: Ledger.Outcome = {
            _tag: "Failed",
            batch,
            jobId: "1",
            error: { reason: "Gone", message: "gone", retryable: true },
            at: 7
          }
          const id = yield* Effect.provide(
            Effect.gen(function*() {
              const store = yield* ExportStore.ExportStore
              const { row } = yield* store.submit("key", "{}")
              const { run } = yield* store.begin(row.id)
              yield* store.ledger(run).record([failed])
              return row.id
            }),
            stores,
            { local: true }
          )
          yield* SqlClient.SqlClient.use((sql) =>
            Effect.forEach([
              "DROP TABLE labelstream_lease",
              "DROP TABLE labelstream_run_leases",
              "DROP TABLE labelstream_writers",
              "ALTER TABLE labelstream_jobs DROP COLUMN lease",
              "ALTER TABLE labelstream_exports DROP COLUMN waits_for",
              "DELETE FROM labelstream_migrations WHERE migration_id >= 6"
            ], (statement) => sql.unsafe(statement).unprepared)
          ).pipe(Effect.provide(client))
          yield* Effect.provide(
            Effect.gen(function*() {
              const store = yield* ExportStore.ExportStore
              const { run } = yield* store.begin(id)
              const ledger = store.ledger(run, yield* store.lease(run, 1))
              assert.deepInclude((yield* ledger.find(batch, ["1"]))[0], { stage: "failed", attempts: 1, checkedAt: 7 })
              yield* ledger.record([failed])
              assert.strictEqual((yield* ledger.find(batch, ["1"]))[0]?.attempts, 2)
            }),
            stores,
            { local: true }
          )
        }))

      it.live("makes the tables once, when many processes begin at the same time", () =>
        Effect.gen(function*() {
          const layers = yield* clients(6)
          const stores = yield* Effect.forEach(
            layers,
            (client) => Layer.build(Layer.fresh(ExportStore.layer.pipe(Layer.provide(client)))),
            { concurrency: "unbounded" }
          )
          const submitted = yield* Effect.forEach(
            stores,
            (context) => Context.get(context, ExportStore.ExportStore).submit("key", "{}"),
            { concurrency: "unbounded" }
          )
          assert.strictEqual(submitted.filter(({ isNew }) => isNew).length, 1)
        }))

      it.live("carries the cluster's own storage: a shard has one runner, whoever asks at once", () =>
        Effect.gen(function*() {
          const layers = yield* clients(3)
          const storages = yield* Effect.forEach(
            layers,
            (client) => {
              const storage = Layer.mergeAll(SqlRunnerStorage.layer, SqlMessageStorage.layer)
              const needs = Layer.mergeAll(client, ShardingConfig.layer(), Digest.layerWebCrypto)
              return Layer.build(Layer.fresh(storage.pipe(Layer.provide(needs))))
            },
            { concurrency: "unbounded" }
          )
          assert.isTrue(storages.every((context) => Context.getOrUndefined(context, MessageStorage.MessageStorage)))
          const shards = Array.from({ length: 12 }, (_, i) => ShardId.make("default", i + 1))
          const acquired = yield* Effect.forEach(storages, (context, i) => {
            const storage = Context.get(context, RunnerStorage.RunnerStorage)
            const address = RunnerAddress.make("127.0.0.1", 4000 + i)
            const runner = Runner.make({ address, groups: ["default"], weight: 1 })
            return Effect.andThen(
              storage.register(runner, true),
              Effect.forEach(shards, (shard) => storage.acquire(address, [shard]))
            )
          }, { concurrency: "unbounded" })
          const taken = acquired.flat(2).map((shard) => shard.id)
          assert.deepStrictEqual(taken.sort((a, b) => a - b), shards.map((shard) => shard.id))
          const [first] = storages
          if (first === undefined) return
          assert.strictEqual((yield* Context.get(first, RunnerStorage.RunnerStorage).getRunners).length, 3)
        }))
    })
  }
})
