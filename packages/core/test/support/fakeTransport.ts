/**
 * A transport without a network: a handler makes the response to each request, and all requests are kept. Delays run on
 * the test's clock.
 */
import { Clock, type Duration, Effect, Layer, Stream } from "effect"
import { Transport, TransportError, type TransportFailure } from "../../src/Transport.ts"

/** A request as the fake saw it. */
export interface Asked {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds on the test's clock when it was sent. */
  readonly at: number
  /** How often this URL has been asked for, from 1. */
  readonly nth: number
  /** How long its answer may take in all. */
  readonly answerTimeout: Duration.Duration | undefined
}

/** The response to a request. */
export interface Reply {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes or text as they are; anything else as JSON. */
  readonly body?: unknown
  /** Milliseconds until the headers come. */
  readonly delay?: number
  /** The body breaks off after half of it. */
  readonly breaks?: TransportFailure
  /** Milliseconds between the two halves of a body that comes as a stream. */
  readonly pause?: number
}

export type Handler = (asked: Asked) => Reply | TransportError | "never"

export const connect = new TransportError({ failure: "Connect", code: "ECONNREFUSED" })

const encode = (body: unknown): Uint8Array =>
  body instanceof Uint8Array
    ? body
    : new TextEncoder().encode(typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body))

export class FakeTransport {
  readonly asked: Array<Asked> = []
  inFlight = 0
  mostInFlight = 0
  /** Connections of responses that have not been released. */
  open = 0
  /** Whether a request leaves a turn after it was made, as those of undici do. */
  isLate = false
  private readonly handler: Handler

  constructor(handler: Handler) {
    this.handler = handler
  }

  /** URLs asked for, in order. */
  get urls(): ReadonlyArray<string> {
    return this.asked.map(({ url }) => url.href)
  }

  /** Requests to this host. */
  to(host: string): ReadonlyArray<Asked> {
    return this.asked.filter(({ url }) => url.host === host)
  }

  get layer(): Layer.Layer<Transport> {
    const leave = Effect.suspend(() => this.isLate ? Effect.yieldNow : Effect.void)
    return Layer.succeed(Transport, {
      send: (request) =>
        Effect.acquireRelease(
          Effect.flatMap(Effect.andThen(leave, Clock.currentTimeMillis), (at) =>
            Effect.sync(() => {
              const nth = this.asked.filter(({ url }) => url.href === request.url.href).length + 1
              const { answerTimeout, url } = request
              const asked = { url, headers: { ...request.headers }, at, nth, answerTimeout }
              this.asked.push(asked)
              this.open++
              this.inFlight++
              this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
              return asked
            })),
          () =>
            Effect.sync(() => {
              this.open--
            })
        ).pipe(
          Effect.flatMap((asked) =>
            Effect.ensuring(
              this.answer(asked, request.memoryLimit),
              Effect.sync(() => {
                this.inFlight--
              })
            )
          )
        )
    })
  }

  private answer(asked: Asked, memoryLimit: number) {
    return Effect.gen({ self: this }, function*() {
      const reply = this.handler(asked)
      if (reply === "never") return yield* Effect.never
      if (reply instanceof TransportError) return yield* reply
      if (reply.delay !== undefined) yield* Effect.sleep(reply.delay)
      const bytes = encode(reply.body)
      const headers = Object.fromEntries(
        Object.entries(reply.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
      )
      const broken = reply.breaks === undefined ? undefined : new TransportError({ failure: reply.breaks })
      if (bytes.length <= memoryLimit && broken !== undefined) return yield* broken
      const half = Math.ceil(bytes.length / 2)
      const rest = broken === undefined ? Stream.succeed(bytes.subarray(half)) : Stream.fail(broken)
      const stream: Stream.Stream<Uint8Array, TransportError> = Stream.concat(
        Stream.succeed(bytes.subarray(0, half)),
        reply.pause === undefined ? rest : Stream.unwrap(Effect.as(Effect.sleep(reply.pause), rest))
      )
      return {
        status: reply.status ?? 200,
        header: (name: string) => headers[name],
        body: bytes.length <= memoryLimit ? { _tag: "Bytes" as const, bytes } : { _tag: "Stream" as const, stream }
      }
    })
  }
}
