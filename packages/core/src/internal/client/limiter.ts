import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { monotonicMillisUnsafe } from "../monotonic.ts"

export interface LimiterOptions {
  /** Most requests in flight. */
  readonly maxInFlight: number
  /** Most requests that start in a second; Infinity for no pacing of our own. */
  readonly requestsPerSecond: number
  /** Longest pause that one throttled answer can cause, in milliseconds. */
  readonly maxPauseMillis: number
}

/** A throttled response, with the time that it asks to wait, if any. */
export interface Throttle {
  readonly retryAfterMillis: number | null
}

/** Start modest: the platform documents no limit for reads. Grows by half with every round of successes. */
const firstInFlight = 16
/** Milliseconds between pace adjustments, not counting pauses. */
const windowMillis = 1000
/**
 * The share of throttled responses from which the pace is too high. Below it they are chance, and retries cover them.
 */
const tooMany = 0.1
/** How many throttled responses, if they are most of a window, show before its end that the pace is too high. */
const obvious = 8
/** Fewer responses than this cannot show a limit: one throttled response is a tenth of ten. */
const enough = 64
/** The new pace is this share of what was accepted. */
const cut = 0.95
/** Growth of the pace per window with few throttled responses. */
const growth = 1.25
/** Pacing ends when the pace has grown to this many times the pace it was cut to. */
const recovered = 20
/** First and longest pause when one throttled answer follows another and none names a time. */
const firstPauseMillis = 250
const longestPauseMillis = 5000

/**
 * Paces all requests to one origin: how many are in flight and how many start each second. A throttled answer pauses
 * every request for the time it names; when they come often, the pace is set to what was accepted, and grows back.
 */
export class Limiter {
  private readonly options: LimiterOptions
  private readonly semaphore: Semaphore.Semaphore
  private limit: number
  private inFlight = 0
  /** Places that are held, whether their request is in flight or not. */
  private held = 0
  private successes = 0
  private pace: number
  private cutPace = Number.POSITIVE_INFINITY
  private nextTurn = 0
  private pausedUntil = 0
  private lastThrottled = Number.NEGATIVE_INFINITY
  private throttledInARow = 0
  private lastCut = Number.NEGATIVE_INFINITY
  private readonly window = { start: Number.NaN, accepted: 0, throttled: 0 }

  constructor(options: LimiterOptions) {
    this.options = options
    this.limit = Math.min(firstInFlight, options.maxInFlight)
    this.pace = options.requestsPerSecond
    this.semaphore = Semaphore.makeUnsafe(this.limit)
  }

  /** For how many milliseconds nothing starts. */
  pausedMillis(clock: Clock.Clock): number {
    return Math.max(0, this.pausedUntil - monotonicMillisUnsafe(clock))
  }

  /** What happens now, and what is allowed; `requestsPerSecond` is undefined if nothing is paced. */
  get state() {
    return {
      inFlight: this.inFlight,
      maxInFlight: this.limit,
      requestsPerSecond: Number.isFinite(this.pace) ? this.pace : undefined
    }
  }

  /** Whether a request would start without a wait. */
  isFree(clock: Clock.Clock): boolean {
    const now = monotonicMillisUnsafe(clock)
    const isTurn = !Number.isFinite(this.pace) || this.nextTurn - now < 1
    return isTurn && this.pausedUntil <= now && this.inFlight + this.held < this.limit
  }

  /** Runs a request when its turn has come. `throttled` says whether the response asks for fewer requests. */
  run<A, E, R>(request: Effect.Effect<A, E, R>, throttled: (answer: A) => Throttle | null): Effect.Effect<A, E, R> {
    return this.semaphore.withPermit(Effect.clockWith((clock) => {
      const now = monotonicMillisUnsafe(clock)
      return this.waits(now)
        ? Effect.flatMap(this.turn(clock), (startedAt) => this.started(request, throttled, clock, startedAt))
        : this.started(request, throttled, clock, now)
    }))
  }

  /** Runs `use` when the turn of a request has come, and keeps that request's place until `use` has ended. */
  hold<A, E, R>(clock: Clock.Clock, use: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return this.semaphore.withPermit(Effect.suspend(() => {
      const inTurn = this.waits(monotonicMillisUnsafe(clock)) ? Effect.flatMap(this.turn(clock), use) : use()
      this.held++
      return Effect.onExitPrimitive(inTurn, () => {
        this.held--
        return undefined
      })
    }))
  }

  /** Runs a request at once, in a place that `hold` keeps. */
  runHeld<A, E, R>(request: Effect.Effect<A, E, R>, throttled: (answer: A) => Throttle | null): Effect.Effect<A, E, R> {
    return Effect.clockWith((clock) => this.started(request, throttled, clock, monotonicMillisUnsafe(clock)))
  }

  private waits(now: number): boolean {
    return Number.isFinite(this.pace) || this.pausedUntil > now
  }

  private started<A, E, R>(
    request: Effect.Effect<A, E, R>,
    throttled: (answer: A) => Throttle | null,
    clock: Clock.Clock,
    startedAt: number
  ): Effect.Effect<A, E, R> {
    this.inFlight++
    return Effect.onExitPrimitive(request, (exit) => {
      this.inFlight--
      if (exit._tag === "Failure") return undefined
      const throttle = throttled(exit.value)
      const now = monotonicMillisUnsafe(clock)
      return throttle === null ? this.succeeded(startedAt, now) : this.slowDown(throttle, startedAt, now)
    })
  }

  private turn(clock: Clock.Clock): Effect.Effect<number> {
    return Effect.suspend(() => {
      const now = monotonicMillisUnsafe(clock)
      if (this.pausedUntil > now) return this.turnAfter(clock, this.pausedUntil - now)
      if (!Number.isFinite(this.pace)) return Effect.succeed(now)
      const turn = Math.max(this.nextTurn, now)
      this.nextTurn = turn + 1000 / this.pace
      // Timers have a grain of a millisecond: nearer turns start at once, and the next one waits for both.
      if (turn - now < 1) return Effect.succeed(now)
      return Effect.flatMap(clock.sleep(Duration.millis(Math.ceil(turn - now))), () => {
        const then = monotonicMillisUnsafe(clock)
        return this.pausedUntil > then ? this.turn(clock) : Effect.succeed(then)
      })
    })
  }

  private turnAfter(clock: Clock.Clock, millis: number): Effect.Effect<number> {
    return Effect.flatMap(clock.sleep(Duration.millis(Math.ceil(millis))), () => this.turn(clock))
  }

  private succeeded(startedAt: number, now: number): Effect.Effect<void> | undefined {
    this.throttledInARow = 0
    // Requests that were on their way when the pace was cut say nothing about the new one.
    if (startedAt > this.lastCut) this.window.accepted++
    this.look(now)
    this.successes++
    if (this.limit >= this.options.maxInFlight || this.successes < this.limit) return undefined
    this.successes = 0
    return this.resize(Math.min(this.options.maxInFlight, this.limit + Math.ceil(this.limit / 2)))
  }

  private slowDown(throttle: Throttle, startedAt: number, now: number): undefined {
    if (startedAt > this.lastCut) this.window.throttled++
    // Requests that were on their way already say nothing about what was done after the first throttled one.
    if (startedAt > this.lastThrottled) {
      this.lastThrottled = now
      this.throttledInARow++
    }
    this.look(now)
    const pause = throttle.retryAfterMillis ?? (this.throttledInARow < 2
      ? 0
      : Math.min(firstPauseMillis * 2 ** (this.throttledInARow - 2), longestPauseMillis))
    const until = now + Math.min(pause, this.options.maxPauseMillis)
    if (until > this.pausedUntil) {
      // A pause does not count as time in which little was accepted.
      this.window.start += until - Math.max(now, this.pausedUntil)
      this.pausedUntil = until
    }
  }

  /** Sets the pace from what the last window has shown. */
  private look(now: number): void {
    const { accepted, start, throttled } = this.window
    if (Number.isNaN(start)) this.window.start = now
    const elapsed = now - this.window.start
    const share = throttled / (accepted + throttled)
    const isObvious = throttled >= obvious && share > 0.5
    if (elapsed < windowMillis && !isObvious) return
    if (share >= tooMany) {
      if (accepted + throttled < enough && !isObvious) return
      // What was accepted in a short window says little: one cut takes a pace that was found to a quarter at most.
      const least = Number.isFinite(this.pace) ? Math.max(1, this.pace / 4) : 1
      this.pace = Math.max(least, Math.min(this.pace, accepted * 1000 / Math.max(elapsed, windowMillis / 4) * cut))
      this.cutPace = this.pace
      this.lastCut = now
    } else if (Number.isFinite(this.cutPace)) {
      const pace = this.pace * growth
      const isRecovered = pace >= this.cutPace * recovered || pace >= this.options.requestsPerSecond
      this.pace = isRecovered ? this.options.requestsPerSecond : pace
      if (isRecovered) this.cutPace = Number.POSITIVE_INFINITY
    }
    this.window.start = now
    this.window.accepted = 0
    this.window.throttled = 0
  }

  private resize(limit: number): Effect.Effect<void> {
    this.limit = limit
    return this.semaphore.resize(limit)
  }
}
