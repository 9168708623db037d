import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Reasons from "../../GtStudioError.ts"
import * as PlainText from "../../PlainText.ts"
import * as RetryPolicy from "../../RetryPolicy.ts"
import { type Transport, TransportError, type TransportResponse } from "../../Transport.ts"
import type { ClientWatch, Endpoint } from "../telemetry/clientWatch.ts"
import { type Answer, apiData, type Refusal } from "./answer.ts"
import { gunzippedAnswer } from "./gunzip.ts"
import { KeyRecord } from "./keyRecord.ts"
import { Limiter, type LimiterOptions } from "./limiter.ts"

export interface ClientSettings {
  /** Origin and path prefix of the API, without a slash at the end. */
  readonly base: string
  readonly apiKey: Redacted.Redacted
  readonly retry: RetryPolicy.RetryBudget
  readonly api: LimiterOptions
  readonly storage: LimiterOptions
  readonly headersTimeout: Duration.Duration
  readonly idleTimeout: Duration.Duration
  readonly downloadTimeout: Duration.Duration
}

/**
 * Bytes beyond which a response of the API is neither a listing nor a job; the largest page of 100 jobs has about 30
 * KB.
 */
const answerLimit = 32 * 1024 * 1024
/** Longest time for an answer of the API: a page of 100 jobs takes that long at 2 kbit/s. */
export const answerTime = Duration.minutes(2)

/** What an answer may cost. */
export interface Limits {
  /** Largest body that arrives as one array, in bytes. */
  readonly memory: number
  /** Longest time for such a body to be there whole. */
  readonly time: Duration.Duration
}

/** The place of a request that is yet to be made, in the turn of its origin. */
export interface Place {
  readonly origin: string
  readonly clock: Clock.Clock
  /** How long the place was waited for. */
  readonly waitedNanos: bigint
}

/** Requests as the platform needs them: paced, classified, tried again. */
export class Client {
  /** Attempts so far, and how many of them were tried again. */
  private readonly counts = { requests: 0, retries: 0, trouble: undefined as string | undefined }
  readonly settings: ClientSettings
  private readonly transport: Transport["Service"]
  private readonly watch: ClientWatch
  /** Where the key may be sent. */
  readonly apiOrigin: string
  private readonly schedule: ReturnType<typeof RetryPolicy.schedule>
  private readonly limiters = new Map<string, Limiter>()
  private readonly key = new KeyRecord()

  constructor(
    settings: ClientSettings,
    transport: Transport["Service"],
    watch: ClientWatch
  ) {
    this.settings = settings
    this.watch = watch
    this.apiOrigin = new URL(settings.base).origin
    this.transport = watch.transport(transport, this.apiOrigin)
    watch.limiters(() => this.origins, this.apiOrigin)
    this.schedule = RetryPolicy.schedule(settings.retry)
    this.limiter(this.apiOrigin)
  }

  /** State of the limiter of each origin that was talked to. */
  get origins() {
    return Array.from(this.limiters, ([origin, limiter]) => ({ origin, ...limiter.state }))
  }

  /** What was done, and what happens now. */
  activity(clock: Clock.Clock) {
    const origins = Array.from(this.limiters, ([origin, limiter]) => ({
      origin,
      pausedMillis: limiter.pausedMillis(clock),
      ...limiter.state
    }))
    return { ...this.counts, origins }
  }

  /** Returns the `data` of one of the API's JSON responses, as `read` decodes it. */
  api<A>(
    path: string,
    subject: Reasons.Subject,
    read: (data: unknown) => Answer<A>
  ): Effect.Effect<A, Reasons.GtStudioError> {
    const url = new URL(`${this.settings.base}${path}`)
    return this.persist(
      () => subject,
      this.exchange(
        url,
        subject.operation,
        true,
        { memory: answerLimit, time: answerTime },
        (compressed) =>
          Effect.flatMapEager(gunzippedAnswer(compressed, answerLimit), (response) =>
            Effect.clockWith((clock) => {
              const answer = apiData(response, clock.currentTimeMillisUnsafe(), Redacted.value(this.settings.apiKey))
              return Effect.succeed(answer._tag === "Given" ? read(answer.value) : answer)
            }))
      )
    )
  }

  /** Whether a request to this origin would start without a wait. */
  isFree(origin: string, clock: Clock.Clock): boolean {
    return this.limiter(origin).isFree(clock)
  }

  /** Whether this origin has asked for a pause that is not over. */
  isPaused(origin: string, clock: Clock.Clock): boolean {
    return this.limiter(origin).pausedMillis(clock) > 0
  }

  /** Runs `use` when a request to this origin may start, with the place that is kept for that request. */
  hold<A, E, R>(origin: string, use: (place: Place) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.clockWith((clock) => {
      const asked = clock.monotonicTimeNanosUnsafe()
      return this.limiter(origin).hold(
        clock,
        () => use({ origin, clock, waitedNanos: clock.monotonicTimeNanosUnsafe() - asked })
      )
    })
  }

  /**
   * One request in its turn, or at once in the place that is held for it. The answer's connection is given up at the end of
   * `scope`, by default with the exchange. With `range`, as of the header of that name, no key is sent.
   */
  exchange<A, R>(
    url: URL,
    endpoint: Endpoint,
    withKey: boolean,
    { memory: memoryLimit, time: answerTimeout }: Limits,
    use: (response: TransportResponse) => Effect.Effect<Answer<A>, TransportError, R>,
    scope?: Scope.Scope,
    place?: Place,
    range?: string
  ): Effect.Effect<Answer<A>, TransportError, Exclude<R, Scope.Scope>> {
    const { headersTimeout, idleTimeout, apiKey } = this.settings
    const headers = withKey
      ? { ...commonHeaders, "x-api-key": Redacted.value(apiKey) }
      : range === undefined
      ? commonHeaders
      : { ...commonHeaders, range }
    const exchange = Effect.flatMap(
      this.transport.send({ url, headers, memoryLimit, headersTimeout, idleTimeout, answerTimeout }),
      use
    )
    const named = Effect.mapError(
      exchange,
      ({ code, failure, proxy }) =>
        new TransportError({
          failure,
          host: url.host,
          ...(code === undefined ? {} : { code }),
          ...(proxy === undefined ? {} : { proxy })
        })
    )
    const held = scope === undefined
      ? Effect.scoped(named)
      : Effect.provideService(named, Scope.Scope, scope)
    const limiter = this.limiter(url.origin)
    const inTurn = <R1>(request: Effect.Effect<Answer<A>, TransportError, R1>) =>
      place === undefined ? limiter.run(request, throttle) : limiter.runHeld(request, throttle)
    return this.watch.request(endpoint, held, inTurn, place?.waitedNanos)
  }

  /** A platform that repeats the key in its error texts must not bring it into ours. */
  private withoutKey(refusal: Refusal): Refusal {
    const key = Redacted.value(this.settings.apiKey)
    const { code, reason } = refusal
    const cleaned = reason._tag === "BadRequest" && reason.detail.includes(key)
      ? { ...refusal, reason: new Reasons.BadRequest({ detail: reason.detail.replaceAll(key, "<key>") }) }
      : refusal
    return code?.includes(key) === true ? { ...cleaned, code: code.replaceAll(key, "<key>") } : cleaned
  }

  private limiter(origin: string): Limiter {
    const known = this.limiters.get(origin)
    if (known !== undefined) return known
    const limiter = new Limiter(origin === this.apiOrigin ? this.settings.api : this.settings.storage)
    this.limiters.set(origin, limiter)
    return limiter
  }

  /**
   * Tries until it is given, or the reason or the budget says that it is enough. Nearly all requests succeed at once: the
   * schedule is begun, and the subject made, for those that do not. Without `isKeyed` an answer says nothing of the key.
   */
  persist<A, R>(
    subject: () => Reasons.Subject,
    attempt: Effect.Effect<Answer<A>, TransportError, R>,
    isKeyed = true
  ): Effect.Effect<A, Reasons.GtStudioError, R> {
    return Effect.suspend(() => {
      let attempts = 0
      let doubtful = 0
      let failed: Reasons.Reason["_tag"] | undefined
      const once = <E2, R2>(refused: (error: Reasons.GtStudioError) => Effect.Effect<A, E2, R2>) => {
        attempts++
        this.counts.requests++
        if (attempts > 1) this.counts.retries++
        if (failed !== undefined) this.watch.retried(subject, failed)
        return Effect.matchEffect(attempt, {
          onFailure: (error) => refused(errorOf(connectionRefusal(error))),
          onSuccess: (answer) => {
            if (answer._tag === "Refused") return refused(errorOf(answer.refusal))
            this.counts.trouble = undefined
            if (isKeyed) this.key.accept()
            return Effect.succeed(answer.value)
          }
        })
      }
      const errorOf = (refusal: Refusal) => {
        failed = refusal.reason._tag
        const told = this.withoutKey(refusal)
        if (told.reason.patience !== "never") this.counts.trouble = PlainText.message(told.reason.message)
        if (told.reason.patience === "few") doubtful++
        const isKeys = this.key.refuse(told.reason)
        return failure(subject(), isKeys ? { ...told, isFatal: true } : told, attempts)
      }
      const again = (first: Reasons.GtStudioError, triesOnce: boolean) => {
        let isFirst = true
        const next = Effect.suspend(() => {
          if (!isFirst) return once(Effect.fail)
          isFirst = false
          return Effect.fail(first)
        })
        return Effect.retry(next, {
          schedule: this.schedule,
          while: ({ reason }) =>
            (!triesOnce || mayPassAtOnce(reason)) && (reason.patience !== "few" || doubtful <= RetryPolicy.few)
        })
      }
      const tries = once((first) => Effect.flatMap(RetryPolicy.TriesOnce, (triesOnce) => again(first, triesOnce)))
      return this.watch.operation(subject, tries)
    })
  }
}

/** Whether a reason says nothing about what was requested: the API is busy, or the bytes have to be compared. */
const mayPassAtOnce = (reason: Reasons.Reason) =>
  reason._tag === "Throttled" || (reason._tag === "NotTheFile" && reason.kind === "doubt")

const commonHeaders = { accept: "*/*", "accept-encoding": "identity", "user-agent": "labelstream" }

/** Makes the error of a request after a number of attempts. */
export const failure = (subject: Reasons.Subject, refusal: Refusal, attempts: number) =>
  new Reasons.GtStudioError({ subject, attempts, ...refusal })

/** Why there is no response. */
export const connectionRefusal = (error: TransportError): Refusal => ({
  reason: new Reasons.ConnectionFailed({
    failure: error.failure,
    ...(error.code === undefined ? {} : { code: error.code }),
    ...(error.host === undefined ? {} : { host: error.host }),
    ...(error.proxy === undefined ? {} : { proxy: error.proxy })
  })
})

const throttle = (answer: Answer<unknown>) =>
  answer._tag === "Refused" && answer.refusal.reason._tag === "Throttled" ? answer.refusal.reason : null
