/**
 * One rate limit for the platform over all runners of a cluster, since a key has one quota. A runner takes turns from the
 * cluster's database some 200 ms ahead, so that requests do not wait for the database one by one; and when the platform
 * asks one runner to wait, all wait.
 */
import { type Ledger, Transport } from "@labelstream/core"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import { type Leases, make as makeLeases } from "./internal/leases.ts"
import { migrate } from "./internal/schema.ts"

/** What is limited, and to how much. The same for every runner. */
export interface Options {
  /** Origin of the API. Requests to other origins, such as those of signed links, pass freely. */
  readonly origin: string
  /** Most requests of all runners together that start in a second. More than 0. */
  readonly requestsPerSecond: number
  /**
   * Name of the quota, where runners with several keys share a database; no secret. Default: the origin. It is written to
   * the database.
   */
  readonly name?: string
  /**
   * Longest wait for a turn, and for what the platform asks to wait. Default: 2 minutes. A request that would wait longer
   * fails as `Timeout` with code `RATE_LIMIT`.
   */
  readonly maxWait?: Duration.Input
  /**
   * How long to try again while the database does not answer; less than `maxWait`. Default: 20 seconds. Then requests fail as `Timeout` with
   * code `RATE_LIMIT_UNAVAILABLE`.
   */
  readonly patience?: Duration.Input
}

/** Turns are taken for so many milliseconds ahead; an unused one can be used for as long after its time. */
const blockMillis = 200
/** A pause that another runner has met is known no later than this. */
const knownMillis = 1000

const refusal = (code: string) => new Transport.TransportError({ failure: "Timeout", code })

const again = Schedule.exponential("50 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(2)))),
  Schedule.jittered
)

/** When a turn is, on the monotonic clock, and when its lease was taken. */
interface Turn {
  readonly at: number
  readonly takenAt: number
}

const monotonic = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

/** The turns of one runner. */
class Turns {
  private readonly leases: Leases
  private readonly interval: number
  private readonly block: number
  private readonly maxWait: number
  private readonly patience: Duration.Duration
  private readonly leasing = Semaphore.makeUnsafe(1)
  private turns: Array<Turn> = []
  private waiting = 0
  private pausedUntil = 0
  private heardAt = Number.NEGATIVE_INFINITY
  private unavailableAt = Number.NEGATIVE_INFINITY

  constructor(leases: Leases, interval: number, maxWait: number, patience: Duration.Duration) {
    this.leases = leases
    this.interval = interval
    this.block = Math.max(1, Math.ceil(blockMillis / interval))
    this.maxWait = maxWait
    this.patience = patience
  }

  /** Waits for a turn. */
  get take(): Effect.Effect<void, Transport.TransportError> {
    return Effect.timeoutOrElse(this.wait, {
      duration: Duration.millis(this.maxWait),
      orElse: () => Effect.fail(refusal("RATE_LIMIT"))
    })
  }

  private get wait(): Effect.Effect<void, Transport.TransportError> {
    return Effect.gen({ self: this }, function*() {
      for (;;) {
        const turn = yield* this.nextTurn
        yield* this.hear(turn)
        const now = yield* monotonic
        const paused = this.pausedUntil - now
        if (paused > this.maxWait) return yield* refusal("RATE_LIMIT")
        if (paused <= 0 && turn.at >= now - blockMillis) return
        if (paused <= 0) continue
        // The turns of this time belong to nobody any more.
        this.turns = []
        yield* Effect.sleep(Duration.millis(Math.ceil(paused)))
      }
    })
  }

  /** Lets nobody go for so long. */
  pause(span: number): Effect.Effect<void> {
    return Effect.flatMap(monotonic, (now) => {
      const until = now + Math.min(span, this.maxWait)
      // Many requests that are on their way are answered the same.
      if (until <= this.pausedUntil + knownMillis / 10) return Effect.void
      this.pausedUntil = until
      return this.leases.pause(until - now).pipe(Effect.timeout("5 seconds"), Effect.ignore)
    })
  }

  private get nextTurn(): Effect.Effect<Turn, Transport.TransportError> {
    return Effect.flatMap(monotonic, (since) => {
      this.waiting++
      const one = Effect.gen({ self: this }, function*() {
        // All within the lock: requests go in the order in which they came, and no turn is taken long before it is used,
        // which others would miss should this runner die.
        let turn = this.shift(yield* monotonic)
        while (turn === undefined) {
          // Who has waited as long as the one before does not wait for the database once more.
          if (this.unavailableAt >= since) return yield* refusal("RATE_LIMIT_UNAVAILABLE")
          yield* this.lease
          turn = this.shift(yield* monotonic)
        }
        const early = turn.at - (yield* monotonic)
        if (early <= 0) return turn
        const given = turn
        yield* Effect.onInterrupt(
          Effect.sleep(Duration.millis(Math.ceil(early))),
          () => Effect.sync(() => this.turns.unshift(given))
        )
        return turn
      })
      return Effect.ensuring(this.leasing.withPermit(one), Effect.sync(() => this.waiting--))
    })
  }

  private shift(now: number): Turn | undefined {
    while ((this.turns[0]?.at ?? now) < now - blockMillis) this.turns.shift()
    return this.turns.shift()
  }

  private get lease(): Effect.Effect<void, Transport.TransportError> {
    return Effect.gen({ self: this }, function*() {
      const turns = Math.min(this.block, Math.max(1, this.waiting))
      const lease = yield* this.leases.take(turns, this.maxWait).pipe(
        Effect.retry({ schedule: again }),
        Effect.timeout(this.patience),
        Effect.catch(() => this.unavailable)
      )
      if (lease === undefined) return yield* refusal("RATE_LIMIT")
      const now = yield* monotonic
      this.heard(now, lease.paused)
      for (let i = 0; i < lease.turns; i++) {
        this.turns.push({ at: now + lease.delay + i * this.interval, takenAt: now })
      }
    })
  }

  /** Learns of a pause that came after the turn was taken. */
  private hear(turn: Turn): Effect.Effect<void, Transport.TransportError> {
    return Effect.flatMap(monotonic, (now) => {
      if (now - Math.max(turn.takenAt, this.heardAt) < knownMillis) return Effect.void
      return this.leases.paused.pipe(
        Effect.timeout(this.patience),
        Effect.catch(() => this.unavailable),
        Effect.map((paused) => this.heard(now, paused))
      )
    })
  }

  private get unavailable(): Effect.Effect<never, Transport.TransportError> {
    return Effect.flatMap(monotonic, (now) => {
      this.unavailableAt = now
      return Effect.fail(refusal("RATE_LIMIT_UNAVAILABLE"))
    })
  }

  private heard(now: number, paused: number): void {
    this.heardAt = now
    if (paused > 0) this.pausedUntil = Math.max(this.pausedUntil, now + paused)
  }
}

/** For how long an answer asks to wait, in milliseconds; undefined where it does not. */
const askedToWait = (response: Transport.TransportResponse, now: number): number | undefined => {
  if (response.status !== 429 && response.status !== 503) return undefined
  return Transport.retryAfterMillis(response, now) ?? undefined
}

const make = Effect.fnUntraced(function*(options: Options) {
  yield* migrate
  const sql = yield* SqlClient.SqlClient
  const transport = yield* Transport.Transport
  const origin = new URL(options.origin).origin
  const interval = 1000 / options.requestsPerSecond
  const maxWait = Duration.toMillis(Duration.fromInputUnsafe(options.maxWait ?? "2 minutes"))
  const patience = Duration.fromInputUnsafe(options.patience ?? "20 seconds")
  const turns = new Turns(makeLeases(sql, options.name ?? origin, interval), interval, maxWait, patience)
  return Transport.Transport.of({
    send: (request) => {
      if (request.url.origin !== origin) return transport.send(request)
      return Effect.gen(function*() {
        yield* turns.take
        const response = yield* transport.send(request)
        const span = askedToWait(response, yield* Clock.currentTimeMillis)
        if (span !== undefined) yield* turns.pause(span)
        return response
      })
    }
  })
})

/**
 * Provides a transport that takes a turn of the cluster's limit before each request to the API, on top of the one that
 * is given to it.
 *
 * Over all runners, requests start no closer together than the limit says, but for turns that came late: in any span of
 * time at most those of the span and 200 ms more. What a runner that dies had taken is lost: 200 ms of the limit at most.
 * The database is asked some 5 times a second at the limit, however many runners there are; below the limit at most once
 * for each request.
 *
 * An answer 429 or 503 that names a time in `Retry-After` pauses all runners for that time: each learns of it with its
 * next turns, and within a second.
 */
export const layer = (
  options: Options
): Layer.Layer<Transport.Transport, Ledger.LedgerError, SqlClient.SqlClient | Transport.Transport> =>
  Layer.effect(Transport.Transport, make(options))
