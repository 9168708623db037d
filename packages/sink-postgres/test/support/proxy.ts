/** A way to a server that can be cut: the answers on their way are lost, and no connection is made until it is mended. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"

export interface Proxy {
  /** As the server's, by way of the proxy. */
  readonly url: string
  /** Cuts the way until the scope closes. What was sent to the server before still arrives there. */
  readonly outage: Effect.Effect<void, never, Scope.Scope>
}

export const proxyTo = async (server: URL): Promise<Proxy> => {
  const pairs = new Set<readonly [client: Socket, upstream: Socket]>()
  let isCut = false
  const listener = createServer((client) => {
    if (isCut) return void client.destroy()
    const upstream = connect(Number(server.port), server.hostname)
    const pair = [client, upstream] as const
    pairs.add(pair)
    for (const socket of pair) {
      socket.on("error", () => {})
      socket.on("close", () => {
        pairs.delete(pair)
        for (const other of pair) other.destroy()
      })
    }
    client.pipe(upstream)
    upstream.pipe(client)
  })
  listener.unref()
  listener.listen(0, "127.0.0.1")
  await once(listener, "listening")
  const { port } = listener.address() as { readonly port: number }
  const url = new URL(server)
  url.host = `127.0.0.1:${port}`
  return {
    url: url.href,
    outage: Effect.acquireRelease(
      Effect.promise(async () => {
        isCut = true
        await Promise.all(Array.from(pairs, async ([client, upstream]) => {
          upstream.unpipe(client)
          // The server reads to the end of what was sent, and then it sees that nobody is there.
          client.unpipe(upstream)
          upstream.resume()
          upstream.end()
          await once(upstream, "close")
          client.destroy()
        }))
      }),
      () => Effect.sync(() => void (isCut = false))
    )
  }
}
