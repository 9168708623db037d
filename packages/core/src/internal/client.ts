import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Content, ContentError } from "../Content.ts"
import type { ArrivalWatcher } from "../GtStudio.ts"
import * as Reasons from "../GtStudioError.ts"
import * as RetryPolicy from "../RetryPolicy.ts"
import type { Spool } from "../Spool.ts"
import { type Transport, TransportError, type TransportResponse } from "../Transport.ts"
import {
  type Answer,
  apiData,
  apiRefusal,
  envelopeFailure,
  given,
  type Refusal,
  refused,
  storageRefusal
} from "./answer.ts"
import { Limiter, type LimiterOptions } from "./limiter.ts"
import { showUrl } from "./origin.ts"
import type { ClientWatch, Endpoint } from "./telemetry/clientWatch.ts"

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

/** Answers of the API beyond this are no listing and no job; the largest page of 100 jobs has some 30 KB. */
const answerLimit = 32 * 1024 * 1024
/** Longest time for an answer of the API: a page of 100 jobs takes that long at 2 kbit/s. */
const answerTime = Duration.minutes(2)
/** Attachments up to this size arrive as one array. */
const contentLimit = 1024 * 1024
/** Redirects that one attachment may take; the documented number is one. */
const maxRedirects = 5

const isRedirect = (status: number) =>
  status === 301 || status === 302 || status === 303 || status === 307 || status === 308

/** What an answer may cost. */
interface Limits {
  /** Largest body that arrives as one array, in bytes. */
  readonly memory: number
  /** Longest time for such a body to be there whole. */
  readonly time: Duration.Duration
}

type Hop<A> = { readonly _tag: "Next"; readonly url: URL } | { readonly _tag: "Here"; readonly value: A }

/** Whom a request is about, for its error. */
type About = Omit<Reasons.Subject, "operation" | "url">

/** What a file is read with once the redirects have led to it. */
type Use<A, E, R> = (response: TransportResponse) => Effect.Effect<A, E | TransportError, R>

/** Requests as the platform needs them: paced, redirected by hand, classified, tried again. */
export class Client {
  /** Attempts so far, and how many of them were tried again. */
  private readonly counts = { requests: 0, retries: 0, trouble: null as string | null }
  private readonly settings: ClientSettings
  private readonly transport: Transport["Service"]
  private readonly spool: Spool["Service"]
  private readonly watch: ClientWatch | undefined
  private readonly apiOrigin: string
  private readonly schedule: ReturnType<typeof RetryPolicy.schedule>
  private readonly limiters = new Map<string, Limiter>()

  constructor(
    settings: ClientSettings,
    transport: Transport["Service"],
    spool: Spool["Service"],
    watch: ClientWatch | undefined
  ) {
    this.settings = settings
    this.spool = spool
    this.watch = watch
    this.apiOrigin = new URL(settings.base).origin
    this.transport = watch === undefined ? transport : watch.transport(transport, this.apiOrigin)
    watch?.limiters(() => this.origins, this.apiOrigin)
    this.schedule = RetryPolicy.schedule(settings.retry)
    this.limiter(this.apiOrigin)
  }

  /** State of the limiter of each origin that was talked to. */
  get origins() {
    return Array.from(this.limiters, ([origin, limiter]) => ({ origin, ...limiter.state }))
  }

  /** What was done, and what goes on now. */
  activity(clock: Clock.Clock) {
    const origins = Array.from(this.limiters, ([origin, limiter]) => ({
      origin,
      pausedMillis: limiter.pausedMillis(clock),
      ...limiter.state
    }))
    return { ...this.counts, origins }
  }

  /** The `data` of one of the API's JSON answers, as `read` takes it. */
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
        (response) =>
          Effect.clockWith((clock) => {
            const answer = apiData(response, clock.currentTimeMillisUnsafe(), Redacted.value(this.settings.apiKey))
            return Effect.succeed(answer._tag === "Given" ? read(answer.value) : answer)
          })
      )
    )
  }

  /** The signed URL behind an attachment. */
  resolve(attachment: string, about: About): Effect.Effect<Redacted.Redacted<URL>, Reasons.GtStudioError> {
    const atStorage = (url: URL) => url.origin === this.apiOrigin ? undefined : given(Redacted.make(url))
    return this.persist(
      () => attachmentSubject(attachment, about),
      this.follow(attachment, () => Effect.succeed(Redacted.make(this.attachmentUrl(attachment))), atStorage)
    )
  }

  /** The whole attachment. A body that breaks off is fetched again from the start, through a new link. */
  download(
    attachment: string,
    about: About,
    watcher?: ArrivalWatcher
  ): Effect.Effect<Content, Reasons.GtStudioError | ContentError, Scope.Scope> {
    const subject = () => attachmentSubject(attachment, about)
    return Effect.flatMap(Effect.scope, (scope) => {
      const receive: Use<Result.Result<Content, ContentError>, never, never> = (response) => {
        const arrival = { mediaType: mediaType(response) }
        watcher?.begin()
        const kept = response.body._tag === "Bytes"
          ? this.spool.keep(response.body.bytes, arrival)
          : this.spool.receive(watched(response.body.stream, watcher), arrival).pipe(Effect.timeoutOrElse({
            duration: this.settings.downloadTimeout,
            orElse: () => Effect.fail(tooSlow)
          }))
        return kept.pipe(
          Effect.map((content) => Result.succeed(content)),
          // A full disk is not the platform's fault: it ends the tries.
          Effect.catchTag("ContentError", (error) => Effect.succeed(Result.fail(error))),
          Effect.provideService(Scope.Scope, scope)
        )
      }
      return Effect.flatMap(this.persist(subject, this.follow(attachment, receive)), Effect.fromResult)
    })
  }

  /** The attachment's bytes as they arrive. Tried again until the first byte; a later break fails the stream. */
  stream(attachment: string, about: About): Stream.Stream<Uint8Array, Reasons.GtStudioError> {
    const subject = () => attachmentSubject(attachment, about)
    return Stream.unwrap(Effect.gen({ self: this }, function*() {
      const scope = yield* Effect.scope
      const open: Use<TransportResponse, never, never> = (response) => Effect.succeed(response)
      const response = yield* this.persist(subject, this.follow(attachment, open, undefined, scope))
      if (response.body._tag === "Bytes") return Stream.make(response.body.bytes)
      return Stream.mapError(response.body.stream, (error) => failure(subject(), connectionRefusal(error), 1))
    }))
  }

  private attachmentUrl(attachment: string): URL {
    return new URL(`${this.settings.base}/v1/attachments?url=${encodeURIComponent(attachment)}`)
  }

  /**
   * Asks for an attachment and follows where the answers lead. The key goes along only as long as the way has never
   * left the API's origin.
   */
  private follow<A, R>(
    attachment: string,
    use: Use<A, never, R>,
    stop: (next: URL) => Answer<A> | undefined = () => undefined,
    scope?: Scope.Scope
  ): Effect.Effect<Answer<A>, TransportError, R> {
    const limits: Limits = { memory: contentLimit, time: this.settings.downloadTimeout }
    const hop = (url: URL, atHome: boolean, redirects: number): Effect.Effect<Answer<A>, TransportError, R> =>
      Effect.flatMap(
        this.exchange(
          url,
          atHome ? "attachment" : "storage",
          atHome,
          limits,
          (response) => this.arrive(response, url, atHome, use),
          scope
        ),
        (answer) => {
          if (answer._tag === "Refused") return Effect.succeed(answer)
          if (answer.value._tag === "Here") return Effect.succeed(given(answer.value.value))
          const next = answer.value.url
          const stopped = stop(next)
          if (stopped !== undefined) return Effect.succeed(stopped)
          if (redirects === maxRedirects) {
            return Effect.succeed(badRedirect(`more than ${maxRedirects} redirects lead nowhere`))
          }
          return hop(next, atHome && next.origin === this.apiOrigin, redirects + 1)
        }
      )
    // A result document may hold half a surrogate pair, which no URL can carry.
    if (!attachment.isWellFormed()) {
      return Effect.succeed(refused({ reason: new Reasons.BadRequest({ detail: "the file's URL is not valid text" }) }))
    }
    return hop(this.attachmentUrl(attachment), true, 0)
  }

  private arrive<A, R>(
    response: TransportResponse,
    url: URL,
    atHome: boolean,
    use: Use<A, never, R>
  ): Effect.Effect<Answer<Hop<A>>, TransportError, R> {
    if (isRedirect(response.status)) return Effect.succeed(nextHop(response, url))
    return Effect.clockWith((clock): Effect.Effect<Answer<Hop<A>>, TransportError, R> => {
      const now = clock.currentTimeMillisUnsafe()
      const key = Redacted.value(this.settings.apiKey)
      const refusal = response.status !== 200
        ? atHome ? apiRefusal(response, now, key) : storageRefusal(response, now)
        : atHome
        ? envelopeFailure(response, now, key)
        : undefined
      return refusal === undefined
        ? Effect.map(use(response), (value) => given({ _tag: "Here", value }))
        : Effect.succeed(refused(refusal))
    })
  }

  /** One request in its turn. The answer's connection is given up at the end of `scope`, by default with the exchange. */
  private exchange<A, R>(
    url: URL,
    endpoint: Endpoint,
    withKey: boolean,
    { memory: memoryLimit, time: answerTimeout }: Limits,
    use: (response: TransportResponse) => Effect.Effect<Answer<A>, TransportError, R>,
    scope?: Scope.Scope
  ): Effect.Effect<Answer<A>, TransportError, Exclude<R, Scope.Scope>> {
    const { headersTimeout, idleTimeout, apiKey } = this.settings
    const headers = withKey
      ? { ...commonHeaders, "x-api-key": Redacted.value(apiKey) }
      : commonHeaders
    const exchange = Effect.flatMap(
      this.transport.send({ url, headers, memoryLimit, headersTimeout, idleTimeout, answerTimeout }),
      use
    )
    const named = Effect.mapError(
      exchange,
      ({ code, failure }) => new TransportError({ failure, host: url.host, ...(code === undefined ? {} : { code }) })
    )
    const held = scope === undefined
      ? Effect.scoped(named)
      : Effect.provideService(named, Scope.Scope, scope)
    const limiter = this.limiter(url.origin)
    return this.watch === undefined
      ? limiter.run(held, throttle)
      : this.watch.request(endpoint, held, (request) => limiter.run(request, throttle))
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
   * schedule is begun, and the subject made, for those that do not.
   */
  private persist<A, R>(
    subject: () => Reasons.Subject,
    attempt: Effect.Effect<Answer<A>, TransportError, R>
  ): Effect.Effect<A, Reasons.GtStudioError, R> {
    return Effect.suspend(() => {
      let attempts = 0
      let failed: Reasons.Reason["_tag"] | undefined
      const once = Effect.suspend(() => {
        attempts++
        this.counts.requests++
        if (attempts > 1) this.counts.retries++
        if (failed !== undefined) this.watch?.retried(subject(), failed)
        return Effect.matchEffect(attempt, {
          onFailure: (error) => fail(connectionRefusal(error)),
          onSuccess: (answer) => {
            if (answer._tag === "Refused") return fail(answer.refusal)
            this.counts.trouble = null
            return Effect.succeed(answer.value)
          }
        })
      })
      const fail = (refusal: Refusal) => {
        failed = refusal.reason._tag
        const told = this.withoutKey(refusal)
        if (told.reason.patience !== "never") this.counts.trouble = told.reason.message
        return Effect.fail(failure(subject(), told, attempts))
      }
      const tries = Effect.catch(once, (first) => {
        let isFirst = true
        const next = Effect.suspend(() => {
          if (!isFirst) return once
          isFirst = false
          return Effect.fail(first)
        })
        return Effect.retry(next, this.schedule)
      })
      return this.watch === undefined ? tries : this.watch.operation(subject(), tries)
    })
  }
}

const watched = <E>(body: Stream.Stream<Uint8Array, E>, watcher: ArrivalWatcher | undefined) =>
  watcher === undefined ? body : Stream.mapArray(body, (chunks) => {
    for (const chunk of chunks) watcher.push(chunk)
    return chunks
  })

const commonHeaders = { accept: "*/*", "accept-encoding": "identity", "user-agent": "labelstream" }

const tooSlow = new TransportError({ failure: "Stalled" })

const failure = (subject: Reasons.Subject, refusal: Refusal, attempts: number) =>
  new Reasons.GtStudioError({ subject, attempts, ...refusal })

const connectionRefusal = (error: TransportError): Refusal => ({
  reason: new Reasons.ConnectionFailed({
    failure: error.failure,
    ...(error.code === undefined ? {} : { code: error.code }),
    ...(error.host === undefined ? {} : { host: error.host })
  })
})

const throttle = (answer: Answer<unknown>) =>
  answer._tag === "Refused" && answer.refusal.reason._tag === "Throttled" ? answer.refusal.reason : null

const badRedirect = (detail: string) => refused({ reason: new Reasons.BadRedirect({ detail }) })

const nextHop = (response: TransportResponse, from: URL): Answer<Hop<never>> => {
  const location = response.header("location")
  const url = location === undefined ? null : URL.parse(location, from.href)
  if (url === null) return badRedirect("a redirect does not say where to go")
  return url.protocol === "https:" || url.protocol === "http:"
    ? given({ _tag: "Next", url })
    : badRedirect(`a redirect leads to ${url.protocol.slice(0, -1)}, which is not followed`)
}

const mediaType = (response: TransportResponse): string | null => {
  const value = response.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase()
  return value === undefined || value === "" ? null : value
}

/** The subject of an attachment request, with its URL as it may be shown. */
const attachmentSubject = (url: string, about: About): Reasons.Subject => ({
  ...about,
  operation: "attachment",
  url: showUrl(url)
})
