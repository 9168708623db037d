/**
 * Attachments: the API redirects each request for a file to a signed link at a storage. Redirects are followed by hand,
 * so that the key stays at the API's origin. What arrives is checked to be a file before anyone sees it.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Content, ContentError } from "../../Content.ts"
import * as Reasons from "../../GtStudioError.ts"
import { defaultParseLimit } from "../../ResultDocument.ts"
import type { Spool } from "../../Spool.ts"
import { TransportError, type TransportResponse } from "../../Transport.ts"
import { type Answer, apiRefusal, envelopeFailure, given, refused, storageRefusal } from "./answer.ts"
import type { ArrivalWatcher } from "./arrivalWatcher.ts"
import { Arriving, type Received, refusalOf, unpacked } from "./arriving.ts"
import { type Client, connectionRefusal, failure, type Limits, type Place } from "./client.ts"
import { decodeDataUri, isDataUri } from "./dataUri.ts"
import { showUrl } from "./origin.ts"
import { isRedirect, maxRedirects, redirectedTo, tooManyRedirects } from "./redirect.ts"

/** Attachments up to this size arrive as one array: documents that come in chunks are those that are scanned meanwhile. */
const contentLimit = defaultParseLimit
/** Hosts of files whose storage is remembered. */
const mostHosts = 1000

/** A request for a file, and its response. */
interface Step {
  readonly url: URL
  /** Whether the way has never left the API's origin. */
  readonly atHome: boolean
  readonly redirects: number
}

type Hop<A> = { readonly _tag: "Next"; readonly url: URL } | { readonly _tag: "Here"; readonly value: A }

/** What a file is read with once the redirects have led to it. */
type Use<A, E, R> = (response: TransportResponse) => Effect.Effect<A, E | TransportError, R>

/** Files of the platform, as a client gets them. */
export class Attachments {
  private readonly client: Client
  private readonly spool: Spool["Service"]
  /** The storage to which the latest redirect led, for each origin of unsigned URLs. */
  private readonly storages = new Map<string, string>()

  constructor(client: Client, spool: Spool["Service"]) {
    this.client = client
    this.spool = spool
  }

  /** The signed URL behind an attachment; a `data:` URI is its own. */
  resolve(attachment: string, about: Reasons.About): Effect.Effect<Redacted.Redacted<URL>, Reasons.GtStudioError> {
    if (isDataUri(attachment)) {
      const url = URL.parse(attachment)
      return url === null ? Effect.fail(unreadable(attachment, about)) : Effect.succeed(Redacted.make(url))
    }
    const atStorage = (url: URL) => url.origin === this.client.apiOrigin ? undefined : given(Redacted.make(url))
    return this.client.persist(
      () => attachmentSubject(attachment, about),
      this.follow(attachment, () => Effect.succeed(Redacted.make(this.urlOf(attachment))), atStorage)
    )
  }

  /**
   * The whole attachment. A body that breaks off, or that is not the file, is fetched again from the start, through a
   * new link. Bytes that only may be wrong are the file once a second download gives them too.
   */
  download(
    attachment: string,
    about: Reasons.About,
    watcher?: ArrivalWatcher
  ): Effect.Effect<Content, Reasons.GtStudioError | ContentError, Scope.Scope> {
    const subject = () => attachmentSubject(attachment, about)
    const arriving = new Arriving(attachment, subject, this.spool, watcher)
    return Effect.flatMap(Effect.scope, (scope) => {
      if (isDataUri(attachment)) {
        const decoded = decodeDataUri(attachment)
        if (decoded === undefined) return Effect.fail(unreadable(attachment, about))
        return Effect.flatMap(
          arriving.inPlace(decoded, scope),
          (answer) =>
            answer._tag === "Given" ? Effect.succeed(answer.value) : Effect.fail(failure(subject(), answer.refusal, 1))
        )
      }
      const attempt = Effect.suspend(() => {
        const own = Scope.forkUnsafe(scope)
        const receive = (response: TransportResponse) => {
          const received = arriving.receive(response, own)
          return response.body._tag === "Bytes" ? received : Effect.timeoutOrElse(received, {
            duration: this.client.settings.downloadTimeout,
            orElse: () => Effect.fail(tooSlow)
          })
        }
        return Effect.flatMap(this.follow(attachment, receive), (answer): Effect.Effect<Answer<Received>> => {
          if (answer._tag === "Refused" || Result.isFailure(answer.value)) return Effect.succeed(answer)
          return Effect.matchEager(arriving.judge(answer.value.success, own), {
            onFailure: (error) => given(Result.fail(error)),
            onSuccess: (judged) => judged._tag === "Given" ? given(Result.succeed(judged.value)) : judged
          })
        })
      })
      return Effect.flatMap(this.client.persist(subject, attempt), Effect.fromResult)
    })
  }

  /**
   * The attachment's bytes as they arrive. Tried again until the first byte; a later break fails the stream. Bodies of
   * up to 1 MiB are checked not to be a web page, an error or nothing.
   */
  stream(attachment: string, about: Reasons.About): Stream.Stream<Uint8Array, Reasons.GtStudioError> {
    const subject = () => attachmentSubject(attachment, about)
    if (isDataUri(attachment)) {
      const decoded = decodeDataUri(attachment)
      return decoded === undefined ? Stream.fail(unreadable(attachment, about)) : Stream.make(decoded.bytes)
    }
    return Stream.unwrap(Effect.gen({ self: this }, function*() {
      const scope = yield* Effect.scope
      const open: Use<TransportResponse, never, never> = (response) => Effect.succeed(unpacked(attachment, response))
      const attempt = Effect.map(this.follow(attachment, open, undefined, scope), (answer) => {
        const refusal = answer._tag === "Refused" ? undefined : refusalOf(attachment, answer.value)
        return refusal === undefined ? answer : refused(refusal)
      })
      const response = yield* this.client.persist(subject, attempt)
      if (response.body._tag === "Bytes") return Stream.make(response.body.bytes)
      return Stream.mapError(response.body.stream, (error) => failure(subject(), connectionRefusal(error), 1))
    }))
  }

  private urlOf(attachment: string): URL {
    return new URL(`${this.client.settings.base}/v1/attachments?url=${encodeURIComponent(attachment)}`)
  }

  /**
   * Requests an attachment and follows redirects. The key is sent until a redirect leaves the API's origin. A signed
   * link may expire within seconds, so it is requested when its storage has room, in a slot that is held for the
   * download, and again if the download could not start at once. Every wait for a storage ends, because pauses come
   * from responses and each request has its budget. A slot at one storage is released before the client waits for
   * another, and no request to the API waits for one.
   */
  private follow<A, R>(
    attachment: string,
    use: Use<A, never, R>,
    stop?: (next: URL) => Answer<A> | undefined,
    scope?: Scope.Scope
  ): Effect.Effect<Answer<A>, TransportError, R> {
    const limits: Limits = { memory: contentLimit, time: this.client.settings.downloadTimeout }
    const request = ({ atHome, url }: Step, place?: Place) =>
      this.client.exchange(
        url,
        atHome ? "attachment" : "storage",
        atHome,
        limits,
        (response) => this.arrive(response, url, atHome, use),
        scope,
        place
      )
    const from = (step: Step, answer: Answer<Hop<A>>, asked: number): Effect.Effect<Answer<A>, TransportError, R> => {
      if (answer._tag === "Refused") return Effect.succeed(answer)
      if (answer.value._tag === "Here") return Effect.succeed(given(answer.value.value))
      const { url } = answer.value
      const stopped = stop?.(url)
      if (stopped !== undefined) return Effect.succeed(stopped)
      if (step.redirects === maxRedirects) {
        return Effect.succeed(tooManyRedirects)
      }
      const next = { url, atHome: step.atHome && url.origin === this.client.apiOrigin, redirects: step.redirects + 1 }
      const goOn = Effect.flatMap(request(next), (answer) => from(next, answer, asked))
      if (!step.atHome || next.atHome) return goOn
      this.learn(attachment, url.origin)
      return Effect.clockWith((clock) =>
        asked > maxRedirects || this.client.isFree(url.origin, clock) ? goOn : ask(asked + 1)
      )
    }
    const ask = (asked: number): Effect.Effect<Answer<A>, TransportError, R> => {
      const home: Step = { url: this.urlOf(attachment), atHome: true, redirects: 0 }
      const storage = stop === undefined ? this.storages.get(originOf(attachment)) : undefined
      if (storage === undefined) return Effect.flatMap(request(home), (answer) => from(home, answer, asked))
      const held = this.client.hold(storage, (place) =>
        Effect.flatMap(request(home), (answer) => {
          const url = answer._tag === "Given" && answer.value._tag === "Next" ? answer.value.url : undefined
          if (url?.origin !== storage) return Effect.succeed(from(home, answer, asked))
          const next: Step = { url, atHome: false, redirects: 1 }
          return this.client.isPaused(storage, place.clock)
            ? Effect.succeed(ask(asked))
            : Effect.map(request(next, place), (answer) => from(next, answer, asked))
        }))
      return Effect.flatten(held)
    }
    // A result document may hold half a surrogate pair, which no URL can carry.
    if (!attachment.isWellFormed()) {
      return Effect.succeed(refused({ reason: new Reasons.BadRequest({ detail: "the file's URL is not valid text" }) }))
    }
    return Effect.suspend(() => ask(1))
  }

  private learn(attachment: string, storage: string): void {
    // Documents may name any number of hosts.
    if (this.storages.size >= mostHosts) this.storages.clear()
    this.storages.set(originOf(attachment), storage)
  }

  private arrive<A, R>(
    response: TransportResponse,
    url: URL,
    atHome: boolean,
    use: Use<A, never, R>
  ): Effect.Effect<Answer<Hop<A>>, TransportError, R> {
    if (isRedirect(response.status)) {
      const next = redirectedTo(response, url)
      return Effect.succeed(next._tag === "Given" ? given({ _tag: "Next", url: next.value }) : next)
    }
    const here = (value: A): Answer<Hop<A>> => given({ _tag: "Here", value })
    if (response.status === 200 && !atHome) return Effect.map(use(response), here)
    return Effect.clockWith((clock): Effect.Effect<Answer<Hop<A>>, TransportError, R> => {
      const now = clock.currentTimeMillisUnsafe()
      const key = Redacted.value(this.client.settings.apiKey)
      const refusal = response.status !== 200
        ? atHome ? apiRefusal(response, now, key) : storageRefusal(response, now)
        : envelopeFailure(response, now, key)
      return refusal === undefined
        ? Effect.map(use(response), here)
        : Effect.succeed(refused(refusal))
    })
  }
}

/** What precedes a file's path: only a key, so that nothing need be parsed. */
const originOf = (attachment: string): string =>
  attachment.slice(0, attachment.indexOf("/", attachment.indexOf("//") + 2))

const unreadable = (attachment: string, about: Reasons.About) => {
  const reason = new Reasons.MalformedResponse({ detail: "the data: URI holds no readable file", syntax: false })
  return failure(attachmentSubject(attachment, about), { reason }, 1)
}

const tooSlow = new TransportError({ failure: "Stalled" })

/** The subject of a request for a file, with its URL as it may be shown. */
export const attachmentSubject = (url: string, about: Reasons.About): Reasons.Subject => ({
  ...about,
  operation: "attachment",
  url: showUrl(url)
})
