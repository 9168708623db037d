/**
 * Connections to a PostgreSQL server that end if the server is silent. A network that drops packets ends no connection: a
 * statement would wait 15 minutes until the system gives up, and up to 2 minutes after the network is back.
 */
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import { connect, type Socket } from "node:net"

/** The host and port of a URL; undefined for a socket of this machine, which needs no network. */
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
 * Opens connections to the server of a valid URL. Destroys each once nothing was sent or received for this long, whether it
 * waits for a response or is idle.
 */
export const socketTo = (url: Redacted.Redacted, silence: Duration.Duration): (() => Socket) | undefined => {
  const endpoint = endpointOf(url)
  if (endpoint === undefined) return undefined
  const millis = Duration.toMillis(silence)
  return () => {
    const socket = connect({ ...endpoint, noDelay: true, keepAlive: true, keepAliveInitialDelay: 5000 })
    return socket.setTimeout(millis, () => socket.destroy(new Error(`No response for ${Duration.format(silence)}`)))
  }
}
