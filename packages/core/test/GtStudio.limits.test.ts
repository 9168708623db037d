import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { Options } from "../src/GtStudio.ts"
import { api, batchOf, documentUrl, FakePlatform, ok, storage } from "./support/fakePlatform.ts"
import { lapse, settle } from "./support/time.ts"

const finished = ok({ status: "completed" })

/** A hundred requests for job results at once. */
const hundred = Effect.fnUntraced(function*(platform: FakePlatform, options: Partial<Options>) {
  const gtStudio = yield* platform.gtStudioWith(options)
  yield* lapse(Effect.forEach(
    Array.from({ length: 100 }, (_, at) => `${at}`),
    (id) => gtStudio.jobResult("p", id),
    { concurrency: "unbounded" }
  ))
  return gtStudio
})

describe("requests to one origin", () => {
  it.effect.each([1, 7, 64])("are never more than %d in flight", (maxInFlight) =>
    Effect.gen(function*() {
      const platform = new FakePlatform([], () => ({ ...finished, delay: 100 }))
      yield* hundred(platform, { maxInFlight })
      assert.isAtMost(platform.transport.mostInFlight, maxInFlight)
      strictEqual(platform.transport.asked.length, 100)
    }))

  it.effect("start no faster than asked for", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([], () => finished)
      yield* hundred(platform, { requestsPerSecond: 10 })
      const { asked } = platform.transport
      for (let from = 0; from < 9000; from += 100) {
        assert.isAtMost(asked.filter(({ at }) => at >= from && at < from + 1000).length, 11)
      }
    }))

  it.effect("do not wait for those to another origin", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(4)], ({ url }, kind) =>
        url.origin === storage ? "never" : kind.startsWith("jobs") ? finished : undefined)
      const gtStudio = yield* platform.gtStudioWith({ maxInFlight: 1 })
      yield* Effect.forkChild(gtStudio.download(documentUrl("b-0")))
      yield* settle
      yield* gtStudio.jobResult("p", "b-0")
      const { origins } = yield* gtStudio.activity
      deepStrictEqual(origins, [
        { origin: api, pausedMillis: 0, inFlight: 0, maxInFlight: 1, requestsPerSecond: undefined },
        { origin: storage, pausedMillis: 0, inFlight: 1, maxInFlight: 1, requestsPerSecond: undefined }
      ])
    }))

  it.effect("all wait when one is throttled, whatever they are for", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([], ({ nth, url }) =>
        url.pathname.endsWith("/first") && nth === 1
          ? { status: 429, headers: { "retry-after": "30" } }
          : url.pathname.endsWith("details")
          ? ok({ batches: [] })
          : finished)
      const gtStudio = yield* platform.gtStudio
      yield* Effect.forkChild(gtStudio.jobResult("p", "first"))
      yield* settle
      yield* Effect.forkChild(gtStudio.project("p"))
      yield* settle
      yield* TestClock.adjust("29 seconds")
      yield* settle
      strictEqual(platform.transport.asked.length, 1)
      const waiting = yield* gtStudio.activity
      strictEqual(waiting.origins[0]?.pausedMillis, 1000)
      strictEqual(waiting.trouble, "the platform asks for fewer requests")
      yield* TestClock.adjust("20 seconds")
      yield* settle
      strictEqual(platform.transport.asked.length, 3)
      const going = yield* gtStudio.activity
      deepStrictEqual([going.origins[0]?.pausedMillis, going.trouble], [0, undefined])
    }))
})
