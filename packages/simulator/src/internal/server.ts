/** The two origins on sockets, in raw `node:http` handlers so that the simulator is not what a client waits for. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as Handlers from "./handlers.ts"
import type { Origin } from "./recorder.ts"
import { later, send } from "./wire.ts"

/** Options of the servers. */
export interface ServerOptions extends Handlers.HandlerOptions {
  readonly host: string
  readonly port: number
  readonly storagePort: number
  /** Milliseconds added to every answer. */
  readonly latency: number
}

/** The addresses of both origins. */
export interface Origins {
  readonly apiUrl: string
  readonly storageUrl: string
}

/** Both origins while they run. */
export interface Servers extends Origins {
  /** Closes at once: open requests are cut off. */
  readonly close: () => Promise<void>
}

const listen = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, () => {
      server.off("error", reject)
      resolve((server.address() as AddressInfo).port)
    })
  })

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

/** Opens both origins; rejects with the system's error when a port is taken. */
export const open = async (options: ServerOptions): Promise<Servers> => {
  const { recorder, world } = options
  let [apiUrl, storageUrl] = ["", ""]
  const handlers = Handlers.make(options, { apiUrl: () => apiUrl, storageUrl: () => storageUrl })

  const serve = (origin: Origin) => {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      const handled = handlers[origin](request)
      handlers.sent(request, handled, send(response, handled.answer, handled.fault))
    }
    const server = createServer((request, response) => {
      recorder.arrived(origin)
      response.once("close", () => recorder.left(origin))
      request.resume()
      if (options.latency > 0) later(response, options.latency, () => answer(request, response))
      else answer(request, response)
    })
    server.on("connection", () => recorder.connected(origin))
    // clients that hung up, and those that do not speak HTTP, affect no other client
    server.on("clientError", (_, socket) => socket.destroy())
    // longer than a client keeps an idle connection, so that none is closed under a request
    server.keepAliveTimeout = 120_000
    server.requestTimeout = 0
    return server
  }

  const apiServer = serve("api")
  const storageServer = serve("storage")
  const origin = (port: number): string =>
    `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`
  apiUrl = origin(await listen(apiServer, options.host, options.port))
  try {
    storageUrl = origin(await listen(storageServer, options.host, options.storagePort))
  } catch (error) {
    await close(apiServer)
    throw error
  }
  world.servedAt(storageUrl)
  return {
    apiUrl,
    storageUrl,
    close: async () => {
      await Promise.all([close(apiServer), close(storageServer)])
    }
  }
}
