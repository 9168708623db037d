import { assert, describe, it } from "@effect/vitest"
import { Transport } from "@labelstream/core"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import { TestClock } from "effect/testing"
import { ClusterStorage, SharedRateLimit } from "../src/index.ts"
import { make as makeLeases } from "../src/internal/leases.ts"
import { migrate } from "../src/internal/schema.ts"
import { kinds, sqliteUrl } from "./support/databases.ts"
import { FakePlatform } from "./support/transports.ts"

const origin = "https://api.example.com"

const request = (url = `${origin}/v1/jobs`): Transport.TransportRequest => ({
  url: new URL(url),
  headers: { "x-api-key": "secret" },
  memoryLimit: 1000,
  headersTimeout: Duration.seconds(1),
  idleTimeout: Duration.seconds(1)
})

/** A runner with its own connection to the file, in the scope of the test or in one of its own. */
const runner = Effect.fnUntraced(function*(
  url: Effect.Success<typeof sqliteUrl>,
  platform: FakePlatform,
  options: Partial<SharedRateLimit.Options> = {}
) {
  const layer = SharedRateLimit.layer({ origin, requestsPerSecond: 10, ...options }).pipe(
    Layer.provide([ClusterStorage.layer(url), Layer.succeed(Transport.Transport, platform.transport)])
  )
  const context = yield* Layer.build(Layer.fresh(layer))
  const transport = Context.get(context, Transport.Transport)
  return (url?: string) => Effect.scoped(transport.send(request(url)))
})

/** Lets time pass in steps, as it does. */
const pass = (millis: number) =>
  Effect.forEach(Array.from({ length: millis / 10 }), () => TestClock.adjust("10 millis"), { discard: true })

const many = <A, E>(count: number, effect: Effect.Effect<A, E>) =>
  Effect.forkScoped(
    Effect.all(Array.from({ length: count }, () => Effect.exit(effect)), { concurrency: "unbounded" })
  )

const codes = <A>(exits: ReadonlyArray<Exit.Exit<A, Transport.TransportError>>) =>
  exits.flatMap((exit) => {
    if (Exit.isSuccess(exit)) return []
    const [reason] = exit.cause.reasons
    return reason?._tag === "Fail" ? [reason.error.code] : ["no failure"]
  })

/** The most requests in any span of so many milliseconds. */
const most = (times: ReadonlyArray<number>, span: number) =>
  Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + span).length))

describe("SharedRateLimit", () => {
  it.effect("fails with a code when the database is gone for longer than its patience", () =>
    Effect.gen(function*() {
      const [platform, url] = [new FakePlatform(), yield* sqliteUrl]
      const scope = yield* Scope.make()
      const send = yield* Scope.provide(runner(url, platform, { patience: "5 seconds" }), scope)
      yield* Scope.close(scope, Exit.void)
      const fiber = yield* many(3, send())
      yield* pass(6000)
      assert.deepStrictEqual(codes(yield* Fiber.join(fiber)), Array.from({ length: 3 }, () => "RATE_LIMIT_UNAVAILABLE"))
      assert.deepStrictEqual(platform.sentAt, [])
    }))

  it.effect("fails with a code, and takes no turn, when a request would wait for longer than it may", () =>
    Effect.gen(function*() {
      const [platform, url] = [new FakePlatform(), yield* sqliteUrl]
      const send = yield* runner(url, platform, { requestsPerSecond: 1, maxWait: "3 seconds" })
      const fiber = yield* many(10, send())
      yield* pass(10_000)
      const failed = codes(yield* Fiber.join(fiber))
      assert.deepStrictEqual(new Set(failed), new Set(["RATE_LIMIT"]))
      assert.strictEqual(failed.length + platform.sentAt.length, 10)
      assert.isAtLeast(platform.sentAt.length, 3)
    }))

  it.effect("keeps all runners together to the limit, in any span of time", () =>
    Effect.gen(function*() {
      const [platform, url] = [new FakePlatform(), yield* sqliteUrl]
      const runners = yield* Effect.forEach([1, 2, 3], () => runner(url, platform))
      for (const send of runners) yield* many(20, send())
      yield* pass(8000)
      assert.strictEqual(platform.sentAt.length, 60)
      for (const span of [100, 500, 1000, 3000]) {
        assert.isAtMost(most(platform.sentAt, span), (span + 200) / 100 + 1, `in ${span} ms`)
      }
    }))

  it.effect("lets requests to other origins pass", () =>
    Effect.gen(function*() {
      const [platform, url] = [new FakePlatform(), yield* sqliteUrl]
      const send = yield* runner(url, platform, { requestsPerSecond: 1 })
      yield* Effect.all(Array.from({ length: 20 }, () => send("https://storage.example.com/file")))
      assert.deepStrictEqual(new Set(platform.sentAt), new Set([0]))
    }))

  it.effect("pauses every runner when the platform asks one of them to wait", () =>
    Effect.gen(function*() {
      const [platform, url] = [new FakePlatform(), yield* sqliteUrl]
      const [one, two] = yield* Effect.all([runner(url, platform), runner(url, platform)])
      yield* many(30, two())
      yield* pass(500)
      platform.refuseNext = "5"
      yield* Effect.forkScoped(one())
      yield* pass(10_000)
      assert.strictEqual(platform.sentAt.length, 31)
      const refusedAt = 500
      const known = refusedAt + 1500
      const during = platform.sentAt.filter((at) => at > known && at < refusedAt + 5000)
      assert.deepStrictEqual(during, [])
      assert.isAbove(platform.sentAt.filter((at) => at >= refusedAt + 5000).length, 10)
    }))

  it.effect("gives others the turns soon that a runner took and died with", () =>
    Effect.gen(function*() {
      const [platform, url] = [new FakePlatform(), yield* sqliteUrl]
      const scope = yield* Scope.make()
      const dying = yield* Scope.provide(runner(url, platform), scope)
      yield* Scope.provide(many(100, dying()), scope)
      yield* pass(10)
      yield* Scope.close(scope, Exit.void)
      const before = platform.sentAt.length
      const send = yield* runner(url, platform)
      yield* many(1, send())
      yield* pass(500)
      assert.strictEqual(platform.sentAt.length, before + 1)
    }))

  for (const kind of kinds) {
    it.live(`gives no turn twice on ${kind.name}, whoever asks at once`, () =>
      Effect.gen(function*() {
        const url = yield* kind.url
        const clients = yield* Effect.forEach(
          [1, 2, 3],
          () => Layer.build(Layer.fresh(ClusterStorage.layer(url))),
          { concurrency: "unbounded" }
        )
        const sqls = clients.map((context) => Context.get(context, SqlClient.SqlClient))
        const [first] = sqls
        if (first === undefined) return
        yield* Effect.provideService(migrate, SqlClient.SqlClient, first)
        const leases = sqls.map((sql) => makeLeases(sql, "a'\u0000", 1000))
        yield* Effect.all(leases.flatMap((one) => Array.from({ length: 20 }, () => one.take(2, 1e9))), {
          concurrency: "unbounded"
        })
        const [row] = yield* first<{ span: number }>`SELECT next_at AS span FROM labelstream_limits`
        const last = yield* leases[0]?.take(1, 1e9) ?? Effect.undefined
        // 120 turns of a second each were taken within far less time.
        assert.isAbove(last?.delay ?? 0, 60_000)
        assert.isAbove(row?.span ?? 0, 120_000)
        assert.isUndefined(yield* leases[1]?.take(1, 1000) ?? Effect.undefined)
        yield* leases[2]?.pause(500_000) ?? Effect.void
        yield* leases[1]?.pause(1000) ?? Effect.void
        assert.isAbove(yield* leases[0]?.paused ?? Effect.succeed(0), 400_000)
      }))
  }
})
