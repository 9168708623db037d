/**
 * Connections to a PostgreSQL server that break when the server is silent. A network that drops packets breaks no
 * connection by itself: a statement would wait until the system gives up, which takes a quarter of an hour, and for up to
 * two minutes after the network is back.
 */
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import { connect, type Socket } from "node:net"

/** Where a URL leads; undefined for a socket of this machine, which no network can cut. */
export const endpointOf = (url: Redacted.Redacted) => {
  const { hostname, port, searchParams } = new URL(Redacted.value(url))
  const host = searchParams.get("host") ?? decodeURIComponent(hostname.replace(/^\[(.*)\]$/, "$1"))
  if (host.startsWith("/")) return undefined
  return {
    host: host === "" ? "localhost" : host,
    port: Number(searchParams.get("port") ?? (port === "" ? 5432 : port))
  }
}

/**
 * Opens connections to the server of a URL that can be read. Each is destroyed when nothing was sent or received for so
 * long: while it waits for an answer, or while nobody uses it.
 */
export const socketTo = (url: Redacted.Redacted, silence: Duration.Duration): (() => Socket) | undefined => {
  const endpoint = endpointOf(url)
  if (endpoint === undefined) return undefined
  const millis = Duration.toMillis(silence)
  return () => {
    const socket = connect({ ...endpoint, noDelay: true, keepAlive: true, keepAliveInitialDelay: 5000 })
    return socket.setTimeout(millis, () => socket.destroy(new Error(`No answer for ${Duration.format(silence)}`)))
  }
}
