/**
 * One rate limit for all runners of a cluster, since a key has one quota. A runner takes turns from the cluster's database
 * about 200 ms ahead, so that not every request waits for the database. If the platform asks one runner to wait, all wait.
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

/** The limit, the same for every runner. */
export interface Options {
  /** Origin of the API. Requests to other origins, such as those of signed URLs, are not limited. */
  readonly origin: string
  /** Most requests of all runners together that start per second. More than 0. */
  readonly requestsPerSecond: number
  /**
   * Name of the quota, if runners with several keys share a database. Default: the origin. The database keeps it, so it must
   * be no secret.
   */
  readonly name?: string
  /**
   * Longest wait for a turn, and for what the platform asks to wait. Default: 2 minutes. A request that would wait longer
   * fails as `Timeout` with code `RATE_LIMIT`.
   */
  readonly maxWait?: Duration.Input
  /**
   * How long to retry while the database does not respond; less than `maxWait`. Default: 20 seconds. Then requests fail as
   * `Timeout` with code `RATE_LIMIT_UNAVAILABLE`.
   */
  readonly patience?: Duration.Input
}

/** Milliseconds for which a runner takes turns ahead. An unused turn stays valid for as long after its time. */
const blockMillis = 200
/** A runner knows a pause of another runner after this time at most. */
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
        // The turns of this time are lost.
        this.turns = []
        yield* Effect.sleep(Duration.millis(Math.ceil(paused)))
      }
    })
  }

  /** Pauses all requests for this time, in milliseconds. */
  pause(span: number): Effect.Effect<void> {
    return Effect.flatMap(monotonic, (now) => {
      const until = now + Math.min(span, this.maxWait)
      // Many requests in flight get the same response.
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
          // A request that has waited through this failure does not wait for the database again.
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

/** Returns the milliseconds for which a response asks to wait, or undefined if it does not. */
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
 * Provides a transport that takes a turn of the cluster's limit before each request to the API. It sends requests through
 * the transport in its context.
 *
 * In any span of time, all runners together start at most the requests of that span and 200 ms more. A runner that dies loses
 * the turns that it had taken: 200 ms of the limit at most. At the limit, the database gets about 5 requests per second from
 * all runners together; below it, at most one per request.
 *
 * A response 429 or 503 with `Retry-After` pauses all runners for that time. Each runner knows of the pause with its next
 * turns, within a second.
 */
export const layer = (
  options: Options
): Layer.Layer<Transport.Transport, Ledger.LedgerError, SqlClient.SqlClient | Transport.Transport> =>
  Layer.effect(Transport.Transport, make(options))
