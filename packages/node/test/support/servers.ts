/** Servers on loopback that last as long as their scope, and misbehave in one way each. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as http from "node:http"
import * as net from "node:net"

export interface TestServer {
  readonly url: (path?: string) => URL
  readonly sockets: ReadonlySet<net.Socket>
  /** Connections accepted so far. */
  readonly accepted: () => number
}

const listen = (server: net.Server): Effect.Effect<TestServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly test: TestServer; readonly close: () => void }>((resume) => {
      const sockets = new Set<net.Socket>()
      let accepted = 0
      server.on("connection", (socket: net.Socket) => {
        accepted++
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket)).on("error", () => {})
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as net.AddressInfo
        const test = {
          url: (path = "/") => new URL(path, `http://127.0.0.1:${port}`),
          sockets,
          accepted: () => accepted
        }
        const close = () => {
          server.close()
          for (const socket of sockets) socket.destroy()
        }
        resume(Effect.succeed({ test, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  ).pipe(Effect.map(({ test }) => test))

/** An HTTP server. */
export const serve = (handler: http.RequestListener) => listen(http.createServer(handler))

/** A server that reads a request head and then does as it likes with the socket. */
export const serveRaw = (answer: (socket: net.Socket, head: string) => void) =>
  listen(net.createServer((socket) => {
    let head = ""
    socket.on("data", (data) => {
      head += data.toString("latin1")
      if (!head.endsWith("\r\n\r\n")) return
      const complete = head
      head = ""
      answer(socket, complete)
    })
  }))

/** A free port. */
export const closedPort = Effect.scoped(Effect.map(serveRaw(() => {}), (server) => server.url()))
