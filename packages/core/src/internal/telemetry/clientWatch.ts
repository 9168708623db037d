import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { Subject } from "../../GtStudioError.ts"
import { Enabled, metrics, spans } from "../../Telemetry.ts"
import type { Transport, TransportError, TransportResponse } from "../../Transport.ts"
import type { Answer } from "../client/answer.ts"
import { Instruments, seconds } from "./instruments.ts"
import { inSpan } from "./span.ts"

/** What a request is sent to: an endpoint of the API, or wherever the redirects of an attachment lead. */
export type Endpoint = Subject["operation"] | "storage"

/** Observes a client's requests. Without telemetry, {@link unwatched} returns its arguments. */
export interface ClientWatch {
  /** All tries of one operation. */
  readonly operation: <A, E, R>(subject: () => Subject, tries: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** One request, with the wait for its turn before it, and what was waited for its place before that. */
  readonly request: <A, R1, R2>(
    endpoint: Endpoint,
    request: Effect.Effect<Answer<A>, TransportError, R1>,
    inTurn: (
      request: Effect.Effect<Answer<A>, TransportError, R1>
    ) => Effect.Effect<Answer<A>, TransportError, R2>,
    waitedNanos?: bigint
  ) => Effect.Effect<Answer<A>, TransportError, R2>
  /** A failed operation is tried again. */
  readonly retried: (subject: () => Subject, cause: string) => void
  /** Counts the pages of a listing. */
  readonly pages: <A, E, R>(listing: Stream.Stream<A, E, R>) => Stream.Stream<A, E, R>
  /** Counts the bytes that a transport receives. */
  readonly transport: (transport: Transport["Service"], apiOrigin: string) => Transport["Service"]
  /** Shows what the limiters let through, of the client that was made last. */
  readonly limiters: (
    origins: () => ReadonlyArray<{ origin: string; inFlight: number; maxInFlight: number }>,
    api: string
  ) => void
}

/** Observes nothing. */
export const unwatched: ClientWatch = {
  operation: (_subject, tries) => tries,
  request: (_endpoint, request, inTurn) => inTurn(request),
  retried: () => {},
  pages: (listing) => listing,
  transport: (transport) => transport,
  limiters: () => {}
}

/** The watch of a client that is made here. */
export const makeClientWatch: Effect.Effect<ClientWatch> = Effect.map(
  Effect.context(),
  (context) => Context.get(context, Enabled) ? new TellingWatch(context) : unwatched
)

class TellingWatch implements ClientWatch {
  private readonly context: Context.Context<never>
  private readonly instruments: Instruments

  constructor(context: Context.Context<never>) {
    this.context = context
    this.instruments = new Instruments(context)
  }

  operation<A, E, R>(of: () => Subject, tries: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const subject = of()
    const attributes = {
      "labelstream.operation": subject.operation,
      ...(subject.projectId === undefined ? {} : { "labelstream.project.id": subject.projectId }),
      ...(subject.batchId === undefined ? {} : { "labelstream.batch.id": subject.batchId }),
      ...(subject.jobId === undefined ? {} : { "labelstream.job.id": subject.jobId })
    }
    return inSpan(spans.operation, { attributes }, () => tries)
  }

  request<A, R1, R2>(
    endpoint: Endpoint,
    request: Effect.Effect<Answer<A>, TransportError, R1>,
    inTurn: (
      request: Effect.Effect<Answer<A>, TransportError, R1>
    ) => Effect.Effect<Answer<A>, TransportError, R2>,
    waitedNanos = 0n
  ): Effect.Effect<Answer<A>, TransportError, R2> {
    return Effect.clockWith((clock) => {
      const asked = clock.monotonicTimeNanosUnsafe() - waitedNanos
      return inTurn(Effect.suspend(() => this.sent(endpoint, request, clock, asked)))
    })
  }

  private sent<A, R>(
    endpoint: Endpoint,
    request: Effect.Effect<Answer<A>, TransportError, R>,
    clock: Clock.Clock,
    asked: bigint
  ): Effect.Effect<Answer<A>, TransportError, R> {
    const started = clock.monotonicTimeNanosUnsafe()
    const wait = seconds(asked, started)
    this.instruments.update(metrics.limiterWait, { origin: endpoint === "storage" ? "storage" : "api" }, wait)
    const attributes = {
      "labelstream.endpoint": endpoint,
      "labelstream.limiter.wait": wait,
      "http.request.method": "GET"
    }
    return inSpan(
      spans.request,
      { kind: "client", attributes },
      (span) =>
        Effect.onExit(request, (exit) =>
          Effect.sync(() => {
            const outcome = outcomeOf(exit)
            this.instruments.update(metrics.requests, { endpoint, outcome }, 1)
            const lasted = seconds(started, clock.monotonicTimeNanosUnsafe())
            this.instruments.update(metrics.requestDuration, { endpoint }, lasted)
            if (span === undefined) return
            span.attribute("labelstream.outcome", outcome)
            if (Exit.isFailure(exit) || exit.value._tag === "Given") return
            const { reason, status } = exit.value.refusal
            span.attribute("error.type", reason._tag)
            if (status !== undefined) span.attribute("http.response.status_code", status)
          }))
    )
  }

  retried(of: () => Subject, cause: string): void {
    const { batchId, jobId, operation, projectId } = of()
    this.instruments.update(metrics.retries, { endpoint: operation, cause }, 1)
    const annotations = { operation, cause, projectId, batchId, jobId }
    Effect.runSyncWith(this.context)(Effect.annotateLogs(Effect.logDebug("trying again"), annotations))
  }

  pages<A, E, R>(listing: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> {
    return Stream.map(listing, (page) => {
      this.instruments.update(metrics.pages, {}, 1)
      return page
    })
  }

  transport(transport: Transport["Service"], apiOrigin: string): Transport["Service"] {
    return {
      send: (request) =>
        Effect.map(transport.send(request), (response): TransportResponse => {
          const attributes = { origin: request.url.origin === apiOrigin ? "api" : "storage" }
          const count = (bytes: Uint8Array) => {
            this.instruments.update(metrics.receivedBytes, attributes, bytes.length)
            return bytes
          }
          if (response.body._tag === "Bytes") {
            count(response.body.bytes)
            return response
          }
          const stream = Stream.map(response.body.stream, count)
          return { status: response.status, header: (name) => response.header(name), body: { _tag: "Stream", stream } }
        })
    }
  }

  limiters(origins: () => ReadonlyArray<{ origin: string; inFlight: number; maxInFlight: number }>, api: string): void {
    for (const origin of ["api", "storage"]) {
      const sum = (field: "inFlight" | "maxInFlight") => () =>
        origins().reduce((sum, state) => (state.origin === api) === (origin === "api") ? sum + state[field] : sum, 0)
      this.instruments.read(metrics.requestsInFlight, { origin }, sum("inFlight"))
      this.instruments.read(metrics.requestLimit, { origin }, sum("maxInFlight"))
    }
  }
}

const outcomeOf = (exit: Exit.Exit<Answer<unknown>, TransportError>): string => {
  if (Exit.isSuccess(exit)) return exit.value._tag === "Given" ? "ok" : exit.value.refusal.reason._tag
  if (Cause.hasInterruptsOnly(exit.cause)) return "interrupted"
  return Cause.hasFails(exit.cause) ? "ConnectionFailed" : "defect"
}
