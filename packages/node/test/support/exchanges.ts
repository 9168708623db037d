/** Requests that a test sends, and responses that it reads to their end. */
import { Transport } from "@labelstream/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { TestServer } from "./servers.ts"

const request = (url: URL, options: Partial<Transport.TransportRequest> = {}): Transport.TransportRequest => ({
  url,
  headers: {},
  memoryLimit: 1024 * 1024,
  headersTimeout: Duration.seconds(10),
  idleTimeout: Duration.seconds(10),
  ...options
})

export const send = (url: URL, options: Partial<Transport.TransportRequest> = {}) =>
  Transport.Transport.use((transport) => transport.send(request(url, options)))

export const read = Effect.fnUntraced(function*(response: Transport.TransportResponse) {
  if (response.body._tag === "Bytes") return Buffer.from(response.body.bytes)
  return Buffer.concat(yield* Stream.runCollect(response.body.stream))
})

/** The failure of an exchange read to its end, in either mode. */
export const failure = (url: URL, options: Partial<Transport.TransportRequest> = {}) =>
  Effect.flip(Effect.scoped(Effect.flatMap(send(url, options), read)))

export const untilNoSockets = (server: TestServer) =>
  Effect.sync(() => server.sockets.size === 0).pipe(Effect.repeat({ until: (none) => none }))

export const modes = [
  { mode: "in memory", memoryLimit: 1024 * 1024 },
  { mode: "as a stream", memoryLimit: 10 }
] as const
