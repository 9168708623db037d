import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Limiter, type LimiterOptions, type Throttle } from "../../../src/internal/client/limiter.ts"

const unpaced: LimiterOptions = {
  maxInFlight: 16,
  requestsPerSecond: Number.POSITIVE_INFINITY,
  maxPauseMillis: 120_000
}

/** Requests through one limiter: when each started, and how many ran at once. */
class Requests {
  readonly starts: Array<number> = []
  most = 0
  running = 0
  readonly limiter: Limiter
  /** What the next answers are; success when empty. */
  readonly answers: Array<Throttle> = []

  constructor(options: Partial<LimiterOptions> = {}) {
    this.limiter = new Limiter({ ...unpaced, ...options })
  }

  one(millis: number) {
    const request = Effect.gen({ self: this }, function*() {
      this.starts.push(yield* Clock.currentTimeMillis)
      this.most = Math.max(this.most, ++this.running)
      yield* Effect.sleep(millis)
      return this.answers.shift() ?? null
    }).pipe(Effect.ensuring(Effect.sync(() => {
      this.running--
    })))
    return this.limiter.run(request, (answer) => answer)
  }

  many(n: number, millis: number) {
    return Effect.forkChild(
      Effect.forEach(Array.from({ length: n }), () => this.one(millis), { concurrency: "unbounded" })
    )
  }

  startedBetween(from: number, to: number) {
    return this.starts.filter((at) => at >= from && at < to).length
  }
}

describe("the limiter", () => {
  it.effect("never has more requests in flight than allowed", () =>
    Effect.gen(function*() {
      for (const maxInFlight of [1, 3, 16]) {
        const requests = new Requests({ maxInFlight })
        const fiber = yield* requests.many(100, 50)
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(fiber)
        strictEqual(requests.most, maxInFlight)
      }
    }))

  it.effect("begins with sixteen and grows to the limit while nothing is throttled", () =>
    Effect.gen(function*() {
      const requests = new Requests({ maxInFlight: 64 })
      const fiber = yield* requests.many(1000, 100)
      yield* TestClock.adjust(1)
      strictEqual(requests.running, 16)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      strictEqual(requests.most, 64)
    }))

  it.effect("starts at most the allowed number of requests per second", () =>
    Effect.gen(function*() {
      const requests = new Requests({ requestsPerSecond: 10 })
      const fiber = yield* requests.many(50, 1)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      for (let from = 0; from < 5000; from += 250) assert.isAtMost(requests.startedBetween(from, from + 1000), 11)
      assert.isAtLeast(requests.startedBetween(0, 5000), 49)
    }))

  it.effect("saves up no turns while nothing is asked", () =>
    Effect.gen(function*() {
      const requests = new Requests({ requestsPerSecond: 10 })
      yield* requests.many(1, 1)
      yield* TestClock.adjust("1 minute")
      yield* requests.many(16, 1)
      yield* TestClock.adjust("10 seconds")
      assert.isAtMost(requests.startedBetween(60_000, 60_500), 6)
    }))

  it.effect("takes fewer than one request a second", () =>
    Effect.gen(function*() {
      const requests = new Requests({ requestsPerSecond: 0.5 })
      yield* requests.many(3, 1)
      yield* TestClock.adjust("10 seconds")
      deepStrictEqual(requests.starts, [0, 2000, 4000])
    }))
})

describe("after a throttled response", () => {
  /** A hundred requests a second for about ten seconds, then these answers at once; the first comes at 10.08 s. */
  const throttled = Effect.fnUntraced(
    function*(answers: ReadonlyArray<Throttle>, options: Partial<LimiterOptions> = {}) {
      const requests = new Requests(options)
      yield* Effect.forkChild(Effect.forEach(
        Array.from({ length: 16 }),
        () => Effect.forever(requests.one(160)),
        { concurrency: "unbounded" }
      ))
      yield* TestClock.adjust("10 seconds")
      requests.answers.push(...answers)
      yield* TestClock.adjust(160)
      return requests
    }
  )

  it.effect("every request waits for the time that it names", () =>
    Effect.gen(function*() {
      const requests = yield* throttled([{ retryAfterMillis: 5000 }])
      yield* TestClock.adjust("20 seconds")
      assert.isAbove(requests.startedBetween(9000, 10_000), 80)
      strictEqual(requests.startedBetween(10_081, 15_080), 0)
      assert.isAbove(requests.startedBetween(15_080, 17_080), 1)
    }))

  it.effect("no response can stop all requests for longer than the budget", () =>
    Effect.gen(function*() {
      const requests = yield* throttled([{ retryAfterMillis: 1e9 }], { maxPauseMillis: 3000 })
      yield* TestClock.adjust("10 seconds")
      assert.isAbove(requests.startedBetween(13_080, 16_080), 1)
    }))

  it.effect("a single one among many successes changes no pace", () =>
    Effect.gen(function*() {
      const requests = yield* throttled([{ retryAfterMillis: null }])
      yield* TestClock.adjust("10 seconds")
      strictEqual(requests.limiter.state.requestsPerSecond, undefined)
      assert.isAbove(requests.startedBetween(11_000, 12_000), 80)
    }))

  it.effect("several of one moment lead to one pause, not to one for each", () =>
    Effect.gen(function*() {
      const requests = yield* throttled(Array.from({ length: 16 }, () => ({ retryAfterMillis: 2000 })))
      yield* TestClock.adjust("10 seconds")
      strictEqual(requests.startedBetween(10_081, 12_080), 0)
      assert.isAbove(requests.startedBetween(12_080, 14_080), 1)
    }))
})

describe("with a platform that accepts a number of requests per second", () => {
  /** Answers as a platform that accepts `perSecond` requests, and a tenth of a second's worth of them at once. */
  const platform = (accepts: { perSecond: number }, retryAfterMillis: number | null) => {
    const counts = { accepted: 0, refused: 0 }
    let tokens = 1
    let last = 0
    const limiter = new Limiter({ ...unpaced, maxInFlight: 64 })
    const one = limiter.run(
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.gen(function*() {
          const { perSecond } = accepts
          tokens = Math.min(Math.max(1, perSecond / 10), tokens + (now - last) / 1000 * perSecond)
          last = now
          const isAccepted = perSecond > 0 && tokens >= 1
          if (isAccepted) tokens--
          yield* Effect.sleep(20)
          counts[isAccepted ? "accepted" : "refused"]++
          return isAccepted ? null : { retryAfterMillis }
        })),
      (answer) => answer
    )
    const workers = Effect.forkChild(Effect.forEach(
      Array.from({ length: 64 }),
      () => Effect.forever(one),
      { concurrency: "unbounded" }
    ))
    const during = Effect.fnUntraced(function*(seconds: number) {
      counts.accepted = 0
      counts.refused = 0
      for (let i = 0; i < seconds; i++) yield* TestClock.adjust("1 second")
      return { ...counts }
    })
    /** Until there is no pace any more, or so many seconds have passed. */
    const untilUnpaced = Effect.fnUntraced(function*(seconds: number) {
      for (let i = 0; i < seconds && limiter.state.requestsPerSecond !== undefined; i++) {
        yield* TestClock.adjust("1 second")
      }
    })
    return { during, limiter, untilUnpaced, workers }
  }

  it.effect.each([{ perSecond: 5 }, { perSecond: 50 }, { perSecond: 300 }])(
    "most requests are accepted, and most of what it accepts is used: %j",
    (accepts) =>
      Effect.gen(function*() {
        const { during, workers } = platform(accepts, null)
        yield* workers
        yield* during(20)
        // As many answers of a quick platform come in less time.
        const seconds = Math.min(60, 6000 / accepts.perSecond)
        const { accepted, refused } = yield* during(seconds)
        assert.isAbove(accepted, accepts.perSecond * seconds * 0.5)
        assert.isBelow(refused, accepted * 0.5)
      })
  )

  it.effect("the pace comes back up when it accepts more", () =>
    Effect.gen(function*() {
      const accepts = { perSecond: 20 }
      const { during, limiter, untilUnpaced, workers } = platform(accepts, null)
      yield* workers
      yield* during(20)
      assert.isBelow(limiter.state.requestsPerSecond ?? Number.POSITIVE_INFINITY, 60)
      accepts.perSecond = 1e6
      yield* untilUnpaced(60)
      strictEqual(limiter.state.requestsPerSecond, undefined)
      assert.isAbove((yield* during(1)).accepted, 1000)
    }))

  it.effect("requests resume after a while in which none was accepted", () =>
    Effect.gen(function*() {
      const accepts = { perSecond: 0 }
      const { during, limiter, workers } = platform(accepts, null)
      yield* workers
      const { refused } = yield* during(60)
      assert.isAbove(refused, 5)
      assert.isBelow(refused, 600)
      assert.isAtLeast(limiter.state.requestsPerSecond ?? 1, 1)
      accepts.perSecond = 1e6
      yield* during(60)
      assert.isAbove((yield* during(1)).accepted, 500)
    }))

  it.effect("no pace grows beyond the one that was asked for", () =>
    Effect.gen(function*() {
      const requests = new Requests({ requestsPerSecond: 20 })
      requests.answers.push(...Array.from({ length: 40 }, () => ({ retryAfterMillis: 100 })))
      yield* Effect.forkChild(Effect.forEach(
        Array.from({ length: 16 }),
        () => Effect.forever(requests.one(10)),
        { concurrency: "unbounded" }
      ))
      yield* TestClock.adjust("10 seconds")
      assert.isBelow(requests.limiter.state.requestsPerSecond ?? Number.POSITIVE_INFINITY, 20)
      yield* TestClock.adjust("5 minutes")
      strictEqual(requests.limiter.state.requestsPerSecond, 20)
      assert.isAtMost(requests.startedBetween(200_000, 201_000), 21)
    }))
})

describe("random throttled responses", () => {
  it.effect("do not hold up a client that asks for little, or has only begun", () =>
    Effect.gen(function*() {
      const requests = new Requests()
      // One of ten, and the very first: as many as among many requests would be too many.
      for (let n = 0; n < 50; n++) {
        if (n % 10 === 0) requests.answers.push({ retryAfterMillis: 0 })
        const fiber = yield* requests.many(1, 300)
        yield* TestClock.adjust(300)
        yield* Fiber.join(fiber)
        strictEqual(requests.limiter.state.requestsPerSecond, undefined)
      }
    }))

  it.effect("in a row take a pace to a quarter at once, and no further", () =>
    Effect.gen(function*() {
      const requests = new Requests({ requestsPerSecond: 100 })
      for (let n = 0; n < 10; n++) requests.answers.push({ retryAfterMillis: 0 })
      const fiber = yield* requests.many(10, 100)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      strictEqual(requests.limiter.state.requestsPerSecond, 25)
    }))
})

describe("a pause", () => {
  it.effect("is as long as it was asked for when the clock is set back meanwhile", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1e12)
      const requests = new Requests()
      requests.answers.push({ retryAfterMillis: 5000 })
      const first = yield* requests.many(1, 100)
      yield* TestClock.adjust(100)
      yield* Fiber.join(first)
      yield* TestClock.setTime(1e12 - 3_600_000)
      const second = yield* requests.many(1, 100)
      yield* TestClock.adjust("4 seconds")
      strictEqual(requests.running, 0)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(second)
      strictEqual(requests.starts.length, 2)
    }))
})

/** A process that started long after 1970: its time of day is far ahead of its clock that only goes forward. */
const longAfter1970 = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.clockWith((clock) => {
    const timeOfDay = () => clock.currentTimeMillisUnsafe() + 1e12
    const ahead: Clock.Clock = Object.create(clock, {
      currentTimeMillisUnsafe: { value: timeOfDay },
      currentTimeMillis: { value: Effect.sync(timeOfDay) }
    })
    return Effect.provideService(effect, Clock.Clock, ahead)
  })

describe("in a real process", () => {
  it.effect("a pause that a response asks for holds back all requests", () =>
    longAfter1970(Effect.gen(function*() {
      const requests = new Requests()
      requests.answers.push({ retryAfterMillis: 5000 })
      const first = yield* requests.many(1, 100)
      yield* TestClock.adjust(100)
      yield* Fiber.join(first)
      const others = yield* requests.many(3, 100)
      yield* TestClock.adjust("4 seconds")
      strictEqual(requests.starts.length, 1)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(others)
      strictEqual(requests.starts.length, 4)
    })))
})

describe("an interrupted request", () => {
  it.effect("leaks no permit, whether it ran, waited for its turn, or for the end of a pause", () =>
    Effect.gen(function*() {
      const requests = new Requests({ maxInFlight: 2, requestsPerSecond: 1 })
      for (let round = 0; round < 20; round++) {
        const fiber = yield* requests.many(6, 100_000)
        yield* TestClock.adjust(round * 37)
        yield* Fiber.interrupt(fiber)
        strictEqual(requests.limiter.state.inFlight, 0)
      }
      yield* TestClock.adjust("1 hour")
      const last = yield* requests.many(2, 100)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(last)
    }))

  it.effect("does not keep a failed one's permit either", () =>
    Effect.gen(function*() {
      const limiter = new Limiter({ ...unpaced, maxInFlight: 1 })
      yield* Effect.exit(limiter.run(Effect.die("defect"), () => null))
      yield* Effect.exit(limiter.run(Effect.fail("failure"), () => null))
      strictEqual(yield* limiter.run(Effect.succeed(1), () => null), 1)
      strictEqual(limiter.state.inFlight, 0)
    }))
})
