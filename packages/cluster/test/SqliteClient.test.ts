import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { join } from "node:path"
import { SqliteClient } from "../src/index.ts"
import { temporaryFolder } from "./support/folders.ts"

const open = (file: string, busyTimeout?: SqliteClient.Options["busyTimeout"]) =>
  Effect.map(
    Layer.build(Layer.fresh(SqliteClient.layer({ file, ...(busyTimeout === undefined ? {} : { busyTimeout }) }))),
    (context) => Context.get(context, SqlClient.SqlClient)
  )

/** Two connections to a new file with one table. */
const two = Effect.fnUntraced(function*(busyTimeout?: SqliteClient.Options["busyTimeout"]) {
  const file = join(yield* temporaryFolder, "a.db")
  const [one, other] = [yield* open(file), yield* open(file, busyTimeout)]
  yield* one`CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT UNIQUE)`
  return [one, other] as const
})

const words = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<{ word: string }>`SELECT word FROM t ORDER BY id`, (rows) => rows.map(({ word }) => word))

/** Holds the file for writing until it gets the signal to end. */
const holding = Effect.fnUntraced(function*(sql: SqlClient.SqlClient) {
  const [begun, end] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
  const fiber = yield* Effect.forkScoped(sql.withTransaction(Effect.gen(function*() {
    yield* sql`INSERT INTO t (word) VALUES ('held')`
    yield* Deferred.succeed(begun, undefined)
    yield* Deferred.await(end)
  })))
  yield* Deferred.await(begun)
  return Effect.andThen(Deferred.succeed(end, undefined), Fiber.join(fiber))
})

describe("SqliteClient", () => {
  it.live("fails as a lock that timed out when another connection writes for longer than it waits", () =>
    Effect.gen(function*() {
      const [one, other] = yield* two("50 millis")
      const release = yield* holding(one)
      const alone = yield* Effect.flip(other`INSERT INTO t (word) VALUES ('alone')`)
      const within = yield* Effect.flip(other.withTransaction(other`INSERT INTO t (word) VALUES ('within')`))
      assert.deepStrictEqual([alone.reason._tag, within.reason._tag], ["LockTimeoutError", "LockTimeoutError"])
      assert.isTrue(alone.isRetryable)
      yield* release
      yield* other`INSERT INTO t (word) VALUES ('then')`
      assert.deepStrictEqual(yield* words(other), ["held", "then"])
    }))

  it.live("waits for another connection's transaction, and can be interrupted while it does", () =>
    Effect.gen(function*() {
      const [one, other] = yield* two()
      const reader = yield* open((yield* fileOf(one)) ?? "")
      const release = yield* holding(one)
      const impatient = yield* Effect.forkChild(other.withTransaction(other`INSERT INTO t (word) VALUES ('never')`))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(impatient)
      const patient = yield* Effect.forkChild(other.withTransaction(other`INSERT INTO t (word) VALUES ('patient')`))
      yield* Effect.yieldNow
      // One that only reads is not held up by the writer.
      assert.deepStrictEqual(yield* words(reader), [])
      yield* release
      yield* Fiber.join(patient)
      assert.deepStrictEqual(yield* words(one), ["held", "patient"])
    }))

  it.live("names what is wrong: a word that is taken, a statement that is none", () =>
    Effect.gen(function*() {
      const [one] = yield* two()
      yield* one`INSERT INTO t (word) VALUES ('a')`
      const taken = yield* Effect.flip(one`INSERT INTO t (word) VALUES ('a')`)
      const none = yield* Effect.flip(one`SELEKT 1`)
      assert.deepStrictEqual([taken.reason._tag, none.reason._tag], ["UniqueViolation", "UnknownError"])
      assert.isFalse(none.isRetryable)
    }))

  it.live("takes back what failed within a transaction, and keeps the rest of it", () =>
    Effect.gen(function*() {
      const [one] = yield* two()
      yield* one.withTransaction(Effect.gen(function*() {
        yield* one`INSERT INTO t (word) VALUES ('kept')`
        yield* Effect.ignore(one.withTransaction(Effect.andThen(
          one`INSERT INTO t (word) VALUES ('taken back')`,
          Effect.fail("no")
        )))
        yield* one.withTransaction(one`INSERT INTO t (word) VALUES ('kept too')`)
      }))
      yield* Effect.ignore(one.withTransaction(Effect.andThen(
        one`INSERT INTO t (word) VALUES ('not kept')`,
        Effect.fail("no")
      )))
      assert.deepStrictEqual(yield* words(one), ["kept", "kept too"])
    }))

  it.live("takes booleans, bytes and nothing as values, and gives large numbers whole where asked", () =>
    Effect.gen(function*() {
      const [one] = yield* two()
      const [row] = yield* one`SELECT ${true} AS yes, ${null} AS absent, ${new Uint8Array([1, 2])} AS bytes`
      assert.deepStrictEqual([row?.["yes"], row?.["absent"]], [1, null])
      assert.deepStrictEqual(Array.from(row?.["bytes"] as Uint8Array), [1, 2])
      const large = one`SELECT ${2n ** 60n} AS large`.pipe(Effect.provideService(SqlClient.SafeIntegers, true))
      assert.deepStrictEqual((yield* large)[0]?.["large"], 2n ** 60n)
      assert.deepStrictEqual(yield* one`SELECT 1, 2`.values, [[1, 2]])
    }))
})

const fileOf = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<{ file: string }>`PRAGMA database_list`, ([row]) => row?.file)
