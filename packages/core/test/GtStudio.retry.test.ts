import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Duration, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as GtStudio from "../src/GtStudio.ts"
import { TransportError, type TransportFailure } from "../src/Transport.ts"
import { batchOf, documentUrl, error, FakePlatform, ok, ref, storage } from "./support/fakePlatform.ts"
import { connect, type Handler } from "./support/fakeTransport.ts"
import { lapse } from "./support/time.ts"

const finished = ok({ status: "completed" })

const jobResult = Effect.fnUntraced(function*(handler: Handler, options: Partial<GtStudio.Options> = {}) {
  const platform = new FakePlatform([], handler)
  const gtStudio = yield* platform.gtStudioWith(options)
  const result = yield* lapse(Effect.result(gtStudio.jobResult("p", "j")))
  const { asked } = platform.transport
  const waits = asked.slice(1).map(({ at }, index) => at - asked[index]!.at)
  return { result, waits, asked, activity: yield* gtStudio.activity }
})

const text = Effect.fnUntraced(function*(platform: FakePlatform, options: Partial<GtStudio.Options> = {}) {
  const gtStudio = yield* platform.gtStudioWith(options)
  return yield* lapse(
    gtStudio.download(documentUrl("b-0")).pipe(
      Effect.flatMap(({ collect }) => collect),
      Effect.map((bytes) => Buffer.from(bytes).toString("utf8"))
    )
  )
})

const assertBetween = (value: number, low: number, high: number) => {
  assert.isAtLeast(value, low)
  assert.isAtMost(value, high)
}

describe("a request that fails", () => {
  it.effect("is retried after waits that double, each within a fifth of its length", () =>
    Effect.gen(function*() {
      const { result, waits } = yield* jobResult(() => connect)
      assert(result._tag === "Failure")
      strictEqual(result.failure.attempts, 9)
      strictEqual(waits.length, 8)
      waits.forEach((wait, index) => {
        const middle = Math.min(20_000, 200 * 2 ** index)
        assertBetween(wait, middle * 0.8 - 1, middle * 1.2 + 1)
      })
      assert(new Set(waits.map((wait, index) => wait / 2 ** index)).size > 4, "waits vary by chance")
    }))

  it.effect("never waits longer than the cap with its jitter", () =>
    Effect.gen(function*() {
      const { waits } = yield* jobResult(() => connect, { retry: { cap: "1 second", retries: 20 } })
      strictEqual(waits.length, 20)
      assert.isAtMost(Math.max(...waits), 1201)
    }))

  it.effect("succeeds in the end, and its attempts are counted", () =>
    Effect.gen(function*() {
      const { activity, result } = yield* jobResult(({ nth }) => nth < 4 ? error(400, "FS_0000") : finished)
      assert(result._tag === "Success")
      strictEqual(activity.requests, 4)
      strictEqual(activity.retries, 3)
    }))

  it.effect("reports its last failure and the number of attempts", () =>
    Effect.gen(function*() {
      const { result } = yield* jobResult(({ nth }) => nth < 3 ? connect : error(400, "FS_0006"))
      assert(result._tag === "Failure")
      strictEqual(result.failure.reason._tag, "NotFound")
      strictEqual(result.failure.attempts, 3)
      assert.include(result.failure.message, "tried 3 times")
    }))

  it.effect("is retried as often as its budget allows", () =>
    Effect.gen(function*() {
      for (const retries of [0, 1, 3]) {
        strictEqual((yield* jobResult(() => connect, { retry: { retries } })).asked.length, retries + 1)
      }
    }))

  it.effect("begins no wait that would end after its time", () =>
    Effect.gen(function*() {
      const { asked } = yield* jobResult(() => connect, {
        retry: { base: "1 second", retries: 100, maxElapsed: "10 seconds" }
      })
      assertBetween(asked.length, 3, 5)
      assert.isAtMost(asked.at(-1)!.at, 10_000)
    }))

  it.effect("is not retried if the response would be the same", () =>
    Effect.gen(function*() {
      for (const code of ["auth-failure", "unauthorized", "FS_0006", "GE_0001"]) {
        strictEqual((yield* jobResult(() => error(400, code))).asked.length, 1)
      }
    }))

  it.effect.each<TransportFailure>(["Connect", "Reset", "Truncated", "Stalled", "Timeout", "Protocol"])(
    "is tried again after a connection failed: %s",
    (failure) =>
      Effect.gen(function*() {
        const { result } = yield* jobResult(({ nth }) => nth === 1 ? new TransportError({ failure }) : finished)
        assert(result._tag === "Success")
      })
  )

  it.effect("asks again only for the page that failed", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(6)], ({ nth }, kind) =>
        kind.endsWith("2") && nth < 3 ? connect : undefined)
      const gtStudio = yield* platform.gtStudio
      strictEqual((yield* lapse(Stream.runCollect(gtStudio.jobSummaries(ref)))).length, 6)
      strictEqual(platform.kinds.length, 5)
    }))
})

describe("Retry-After", () => {
  const throttled = (after: string) => (asked: { readonly nth: number }) =>
    asked.nth === 1 ? { status: 429, headers: { "retry-after": after } } : finished

  it.effect("in seconds is the shortest wait", () =>
    Effect.gen(function*() {
      const { result, waits } = yield* jobResult(throttled("7"))
      assert(result._tag === "Success")
      assertBetween(waits[0]!, 7000, 9000)
    }))

  it.effect("as a date is the shortest wait", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("Thu, 02 Jan 2020 10:00:00 GMT"))
      const { waits } = yield* jobResult(throttled("Thu, 02 Jan 2020 10:00:30 GMT"))
      assertBetween(waits[0]!, 30_000, 32_000)
    }))

  it.effect.each([["ahead", 3_600_000], ["behind", -3_600_000]] as const)(
    "as a date is the server's, whose clock may be an hour %s",
    ([, skew]) =>
      Effect.gen(function*() {
        const now = Date.parse("Thu, 02 Jan 2020 10:00:00 GMT")
        yield* TestClock.setTime(now)
        const headers = {
          "date": new Date(now + skew).toUTCString(),
          "retry-after": new Date(now + skew + 30_000).toUTCString()
        }
        const { result, waits } = yield* jobResult(({ nth }) => nth === 1 ? { status: 429, headers } : finished)
        assert(result._tag === "Success")
        assertBetween(waits[0]!, 30_000, 32_000)
      })
  )

  it.effect.each(["", "soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT", "0"])(
    "of %j does not lead to a long wait",
    (after) =>
      Effect.gen(function*() {
        const { result, waits } = yield* jobResult(throttled(after))
        assert(result._tag === "Success")
        assertBetween(waits[0]!, 160, 2500)
      })
  )

  it.effect.each(["600", "9".repeat(400), "Fri, 31 Dec 9999 23:59:59 GMT"])(
    "beyond the time budget fails at once instead of waiting (%s)",
    (after) =>
      Effect.gen(function*() {
        const { asked, result } = yield* jobResult(throttled(after))
        assert(result._tag === "Failure")
        strictEqual(result.failure.reason._tag, "Throttled")
        strictEqual(asked.length, 1)
        assert(result.failure.isRetryable)
      })
  )

  it.effect("of a 503 is honored too", () =>
    Effect.gen(function*() {
      const { waits } = yield* jobResult(({ nth }) =>
        nth === 1 ? { status: 503, headers: { "retry-after": "5" } } : finished
      )
      assert.isAtLeast(waits[0]!, 5000)
    }))
})

describe("a download that fails", () => {
  it.effect("requests a new link if the old one has expired", () =>
    Effect.gen(function*() {
      let links = 0
      const platform = new FakePlatform([batchOf(1)], ({ url }) => {
        if (url.pathname === "/v1/attachments") {
          return { status: 302, headers: { location: `${storage}/${++links}` } }
        }
        return url.pathname === "/1" ? { status: 403 } : { body: "file" }
      })
      strictEqual(yield* text(platform), "file")
      deepStrictEqual(platform.transport.to("storage.test").map(({ url }) => url.pathname), ["/1", "/2"])
    }))

  it.effect("gives up on a link that is refused three times", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(1)], ({ url }) => url.origin === storage ? { status: 403 } : undefined)
      const failure = yield* Effect.flip(text(platform))
      assert(failure._tag === "GtStudioError")
      strictEqual(failure.attempts, 3)
      strictEqual(platform.transport.to("storage.test").length, 3)
    }))

  const large = "x".repeat(3 * 1024 * 1024)

  for (const breaks of ["Truncated", "Stalled", "Reset"] as const) {
    for (const [size, body] of [["small", "0123456789"], ["large", large]] as const) {
      it.effect(`fetches a ${size} body again from the start: ${breaks}`, () =>
        Effect.gen(function*() {
          const platform = new FakePlatform([batchOf(1)], ({ nth, url }) =>
            url.origin !== storage ? undefined : nth < 3 ? { body, breaks } : { body })
          strictEqual(yield* text(platform), body)
          strictEqual(platform.transport.to("storage.test").length, 3)
          strictEqual(platform.transport.open, 0)
          strictEqual(platform.spool.mostHeld, 1)
        }))
    }
  }

  it.effect("does not wait forever for a body that never ends", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(1)], ({ nth, url }) =>
        url.origin !== storage ? undefined : nth === 1 ? { body: large, pause: 1e9 } : { body: large })
      strictEqual(yield* text(platform, { downloadTimeout: "1 minute" }), large)
      strictEqual(platform.transport.open, 0)
    }))

  it.effect("ends in time whatever arrives: the API's responses sooner than files", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(1)])
      const gtStudio = yield* platform.gtStudioWith({ downloadTimeout: "3 minutes" })
      yield* gtStudio.jobResult("p", "b-0")
      yield* Effect.scoped(gtStudio.download(documentUrl("b-0")))
      deepStrictEqual(
        platform.transport.asked.map(({ answerTimeout }) => answerTimeout && Duration.toSeconds(answerTimeout)),
        [120, 180, 180]
      )
    }))

  it.effect("is not retried when the spool is full", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(1)])
      platform.spool.isFull = true
      const failure = yield* Effect.flip(text(platform))
      strictEqual(failure._tag, "ContentError")
      strictEqual(platform.transport.to("storage.test").length, 1)
    }))

  it.effect("is aborted by interruption, and holds nothing", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(1)], ({ url }) => url.origin === storage ? "never" : undefined)
      const gtStudio = yield* platform.gtStudio
      const fiber = yield* Effect.forkChild(gtStudio.download(documentUrl("b-0")))
      yield* TestClock.adjust(Duration.seconds(1))
      strictEqual(platform.transport.open, 1)
      yield* Fiber.interrupt(fiber)
      strictEqual(platform.transport.open, 0)
      deepStrictEqual((yield* gtStudio.activity).origins.map(({ inFlight }) => inFlight), [0, 0])
    }))
})

describe("an attachment as a stream", () => {
  const large = "x".repeat(3 * 1024 * 1024)

  const read = Effect.fnUntraced(function*(platform: FakePlatform) {
    const gtStudio = yield* platform.gtStudio
    const chunks: Array<Uint8Array> = []
    const result = yield* lapse(Effect.result(
      Stream.runForEach(gtStudio.attachment(documentUrl("b-0")), (chunk) => Effect.sync(() => chunks.push(chunk)))
    ))
    return { result, bytes: Buffer.concat(chunks).length }
  })

  it.effect("is retried until its first byte", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(1)], ({ nth, url }) =>
        url.origin !== storage ? undefined : nth < 3 ? { status: 403 } : { body: large })
      const { bytes, result } = yield* read(platform)
      assert(result._tag === "Success")
      strictEqual(bytes, large.length)
      strictEqual(platform.transport.open, 0)
    }))

  it.effect("fails if it breaks off later, rather than giving bytes twice", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(1)], ({ url }) =>
        url.origin === storage ? { body: large, breaks: "Truncated" } : undefined)
      const { result } = yield* read(platform)
      assert(result._tag === "Failure")
      strictEqual(result.failure.reason._tag, "ConnectionFailed")
      strictEqual(platform.transport.to("storage.test").length, 1)
      strictEqual(platform.transport.open, 0)
    }))

  it.effect("releases its connection when the consumer stops", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(1)], ({ url }) => url.origin === storage ? { body: large } : undefined)
      const gtStudio = yield* platform.gtStudio
      yield* Stream.runDrain(Stream.take(gtStudio.attachment(documentUrl("b-0")), 1))
      strictEqual(platform.transport.open, 0)
    }))
})
