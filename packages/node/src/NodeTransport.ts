/**
 * The transport on Node.js: undici's dispatcher with a handler of our own, which costs about as much as undici itself.
 * Follows no redirect, sends no header that it was not given, and keeps URLs and headers out of its errors.
 */
import { Transport } from "@labelstream/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent } from "undici"
import { decode } from "./internal/contentEncoding.ts"
import { Exchange } from "./internal/exchange.ts"
import { tolerant } from "./internal/repeatedLength.ts"

/** How connections are made and kept. */
export interface Options {
  /**
   * Most connections to one origin at a time, at least 1. Default 128; each costs a socket and some 70 KiB while a body
   * is on its way. Requests beyond it wait without a time limit: pace them before they come here.
   */
  readonly connections?: number
  /** Longest wait for a connection, TLS included. Default 10 seconds. */
  readonly connectTimeout?: Duration.Input
  /**
   * How long an unused connection is kept where the server does not say. Default 4 seconds, below the 5 seconds after
   * which many servers close theirs: a longer time makes requests meet connections that are just being closed.
   */
  readonly keepAlive?: Duration.Input
  /** Whether HTTP/2 may be negotiated. Default false: one connection carries all requests then, and loses them all. */
  readonly allowH2?: boolean
  /**
   * Sends the requests instead of an agent made from the options above: for own certificate authorities, client
   * certificates or proxies. The caller closes it. One that follows redirects would hand the API key to other hosts.
   */
  readonly dispatcher?: Dispatcher
  /** Where `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are looked up, in either case. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Makes a transport over a dispatcher that somebody else closes. */
export const make = (dispatcher: Dispatcher): Transport.Transport["Service"] => over(dispatcher, false)

/** An agent of our own hands chunks on and forgets them; another dispatcher may keep them, as one with a cache does. */
const over = (dispatcher: Dispatcher, isOurs: boolean): Transport.Transport["Service"] => ({
  send: (request) =>
    Effect.callback((resume) => {
      const exchange = new Exchange(request.memoryLimit, isOurs)
      const cancel = Effect.sync(() => exchange.cancel())
      exchange.start(dispatcher, request, (answer) => {
        if (Exit.isFailure(answer)) return resume(answer)
        const response = decode(answer.value, request.memoryLimit)
        // The fiber goes on with this at once: nothing can interrupt it before the connection is the scope's.
        resume(
          answer.value.body._tag === "Stream"
            ? Effect.uninterruptible(Effect.andThen(Effect.addFinalizer(() => cancel), response))
            : response
        )
      })
      return cancel
    })
})

const agent = (options: Options): Dispatcher => {
  const env = options.env ?? process.env
  const settings = {
    connections: options.connections ?? 128,
    connectTimeout: Duration.toMillis(options.connectTimeout ?? Duration.seconds(10)),
    keepAliveTimeout: Duration.toMillis(options.keepAlive ?? Duration.seconds(4)),
    allowH2: options.allowH2 ?? false
  }
  const httpProxy = env["http_proxy"] ?? env["HTTP_PROXY"] ?? ""
  const httpsProxy = env["https_proxy"] ?? env["HTTPS_PROXY"] ?? ""
  return httpProxy === "" && httpsProxy === ""
    ? new Agent({
      ...settings,
      connect: tolerant(buildConnector({ allowH2: settings.allowH2, timeout: settings.connectTimeout }))
    })
    : new EnvHttpProxyAgent({ ...settings, httpProxy, httpsProxy, noProxy: env["no_proxy"] ?? env["NO_PROXY"] ?? "" })
}

/** Provides the transport; its connections are closed with the layer, requests in flight broken off. */
export const layer = (options: Options = {}): Layer.Layer<Transport.Transport> =>
  Layer.effect(
    Transport.Transport,
    options.dispatcher === undefined
      ? Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => agent(options)),
          (dispatcher) => Effect.promise(() => dispatcher.destroy())
        ),
        (dispatcher) => over(dispatcher, true)
      )
      : Effect.succeed(make(options.dispatcher))
  )
