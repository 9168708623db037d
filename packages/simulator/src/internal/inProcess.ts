/** The two origins as a transport in this process: no socket, and time only as Effect's clock has it. */
import { Transport } from "@labelstream/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as Handlers from "./handlers.ts"
import type { Origins } from "./server.ts"
import { type Answer, malformed, slice } from "./wire.ts"

/** Hosts that no name server knows. */
export const origins: Origins = {
  apiUrl: "https://api.simulator.invalid",
  storageUrl: "https://storage.simulator.invalid"
}

type Service = Transport.Transport["Service"]
type Failure = Transport.TransportFailure

const fails = (failure: Failure) => Effect.fail(new Transport.TransportError({ failure }))

const responded = (answer: Answer, memoryLimit: number, after?: Failure): Effect.Effect<
  Transport.TransportResponse,
  Transport.TransportError
> => {
  const { body, status } = answer
  const headers: Readonly<Record<string, string>> = {
    "content-type": body.type,
    "content-length": String(body.length),
    ...answer.headers
  }
  const header = (name: string) => Object.hasOwn(headers, name) ? headers[name] : undefined
  if (body.length > memoryLimit) {
    const stream = Stream.concat(
      Stream.suspend(() => Stream.fromIterable(body.chunks())),
      after === undefined ? Stream.empty : Stream.fail(new Transport.TransportError({ failure: after }))
    )
    return Effect.succeed({ status, header, body: { _tag: "Stream", stream } })
  }
  if (after !== undefined) return fails(after)
  return Effect.sync(() => ({ status, header, body: { _tag: "Bytes", bytes: Buffer.concat([...body.chunks()]) } }))
}

/** Waits a number of milliseconds, or until the limit, for headers that do not come. */
const withoutHeaders = (millis: number, limit: Duration.Duration, ended: Failure) =>
  Effect.andThen(
    Effect.sleep(Duration.min(Duration.millis(millis), limit)),
    fails(millis < Duration.toMillis(limit) ? ended : "Timeout")
  )

/** Sends an answer as a socket would; a fault of the wire spoils it. */
const send = (
  { answer, fault }: Handlers.Handled,
  { headersTimeout, idleTimeout, memoryLimit }: Transport.TransportRequest
): ReturnType<typeof responded> => {
  const part = (bytes: number): Answer => ({
    ...answer,
    body: slice(answer.body, 0, Math.min(bytes, answer.body.length))
  })
  const half = Math.floor(answer.body.length / 2)
  switch (fault?._tag) {
    case "Reset":
      return fault.afterBytes === undefined ? fails("Reset") : responded(part(fault.afterBytes), memoryLimit, "Reset")
    case "Truncated": {
      const rest = part(fault.afterBytes ?? half)
      return responded(rest, memoryLimit, fault.undeclared === true ? undefined : "Truncated")
    }
    case "Stalled": {
      const millis = (fault.seconds ?? 120) * 1000
      if (fault.afterBytes === undefined) return withoutHeaders(millis, headersTimeout, "Reset")
      const isLong = millis >= Duration.toMillis(idleTimeout)
      return Effect.andThen(
        Effect.sleep(Duration.min(Duration.millis(millis), idleTimeout)),
        fails(isLong ? "Stalled" : "Truncated")
      )
    }
    case "Delayed":
      return fault.milliseconds > Duration.toMillis(headersTimeout)
        ? withoutHeaders(fault.milliseconds, headersTimeout, "Timeout")
        : Effect.andThen(Effect.sleep(fault.milliseconds), responded(answer, memoryLimit))
    case "Slow":
      return Effect.andThen(
        Effect.sleep(answer.body.length / fault.bytesPerSecond * 1000),
        responded(answer, memoryLimit)
      )
    case "Malformed":
      return responded({ ...answer, body: malformed(answer.body, fault.as) }, memoryLimit)
    case "Mislabeled": {
      const labels = Object.entries(fault.headers).map(([name, value]) => [name.toLowerCase(), value])
      return responded({ ...answer, headers: { ...answer.headers, ...Object.fromEntries(labels) } }, memoryLimit)
    }
    default:
      return responded(answer, memoryLimit)
  }
}

/** Makes the transport. `latency` is in milliseconds, before each answer. */
export const transport = (options: Handlers.HandlerOptions, latency: number): Service => {
  const { recorder, world } = options
  const handlers = Handlers.make(options, { apiUrl: () => origins.apiUrl, storageUrl: () => origins.storageUrl })
  world.servedAt(origins.storageUrl)
  const answer = (at: "api" | "storage", request: Transport.TransportRequest) =>
    Effect.suspend(() => {
      const { headers, url } = request
      const asked: Handlers.Request = { method: "GET", url: `${url.pathname}${url.search}`, headers: { ...headers } }
      const handled = handlers[at](asked)
      return Effect.onExit(send(handled, request), (exit) =>
        Effect.sync(() => handlers.sent(asked, handled, Exit.isSuccess(exit) ? exit.value.status : 0)))
    })
  return {
    send: (request) => {
      const { origin } = request.url
      const at = origin === origins.apiUrl ? "api" : origin === origins.storageUrl ? "storage" : undefined
      if (at === undefined) {
        return Effect.fail(new Transport.TransportError({ failure: "Connect", code: "ENOTFOUND" }))
      }
      const wait = latency > 0 ? Effect.sleep(latency) : Effect.void
      return Effect.acquireUseRelease(
        Effect.sync(() => recorder.arrived(at)),
        () => Effect.andThen(wait, answer(at, request)),
        () => Effect.sync(() => recorder.left(at))
      )
    }
  }
}
