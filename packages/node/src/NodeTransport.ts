/**
 * The transport on Node.js: undici's dispatcher with a handler of our own, which costs about as much as undici itself.
 * Follows no redirect, sends no header that it was not given, and keeps URLs and headers out of its errors.
 */
import { OptionError, Transport } from "@labelstream/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { Dispatcher } from "undici"
import { decode } from "./internal/contentEncoding.ts"
import { Exchange } from "./internal/exchange.ts"
import { make as makeAgents } from "./internal/proxies.ts"

/** How connections are made and kept. */
export interface Options {
  /**
   * Most connections to one origin at a time, from 1. Default: 128; each costs a socket and about 70 KiB while a body
   * arrives. Requests beyond it wait without a time limit: pace them before they come here.
   */
  readonly connections?: number
  /** Longest wait for a connection, TLS included. Default: 8 seconds. */
  readonly connectTimeout?: Duration.Input
  /**
   * How long an unused connection is kept if the server does not say. Default: 4 seconds, below the 5 seconds after
   * which many servers close theirs. With a longer time, requests meet connections that are closing.
   */
  readonly keepAlive?: Duration.Input
  /** Whether HTTP/2 may be negotiated. Default: false, as one connection carries all requests then, and loses them all. */
  readonly allowH2?: boolean
  /**
   * Sends the requests instead of an agent made from the options above: for own certificate authorities, client
   * certificates or proxies. The caller closes it. One that follows redirects would hand the API key to other hosts.
   */
  readonly dispatcher?: Dispatcher
  /**
   * Where `HTTP_PROXY`, `HTTPS_PROXY`, and `NO_PROXY` are read, in either case. A proxy is a URL or `host:port`;
   * `NO_PROXY` takes hosts, domains, and ranges such as `10.0.0.0/8` for hosts given as addresses. Default:
   * `process.env`.
   */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Makes a transport over a dispatcher that somebody else closes. */
export const make = (dispatcher: Dispatcher): Transport.Transport["Service"] => over(dispatcher, false, () => undefined)

/** An agent of our own hands chunks on and forgets them; another dispatcher may keep them, as one with a cache does. */
const over = (
  dispatcher: Dispatcher,
  isOurs: boolean,
  proxyOf: (url: URL) => URL | undefined
): Transport.Transport["Service"] => ({
  send: (request) =>
    Effect.callback((resume) => {
      const exchange = new Exchange(request.memoryLimit, isOurs, proxyOf(request.url))
      const cancel = Effect.sync(() => exchange.cancel())
      exchange.start(dispatcher, request, (answer) => {
        if (Exit.isFailure(answer)) return resume(answer)
        const response = decode(answer.value, request.memoryLimit)
        // The fiber continues with this at once: nothing can interrupt it before the connection is the scope's.
        resume(
          answer.value.body._tag === "Stream"
            ? Effect.uninterruptible(Effect.andThen(Effect.addFinalizer(() => cancel), response))
            : response
        )
      })
      return cancel
    })
})

const agents = Effect.fnUntraced(function*(options: Options) {
  const time = (name: "connectTimeout" | "keepAlive", otherwise: Duration.Duration) =>
    Effect.map(OptionError.duration(name, options[name] ?? otherwise, 1), Duration.toMillis)
  const settings = {
    connections: yield* OptionError.count("connections", options.connections ?? 128),
    connectTimeout: yield* time("connectTimeout", Duration.seconds(8)),
    keepAliveTimeout: yield* time("keepAlive", Duration.seconds(4)),
    allowH2: yield* OptionError.flag("allowH2", options.allowH2 ?? false)
  }
  return yield* Effect.try({
    try: () => makeAgents(settings, options.env ?? process.env),
    catch: (cause) => {
      if (cause instanceof OptionError.OptionError) return cause
      throw cause
    }
  })
})

/**
 * Provides the transport; its connections are closed with the layer, and requests in flight are aborted. Fails with an
 * `OptionError` that names an option, or a variable of a proxy, that cannot be used.
 */
export const layer = (options: Options = {}): Layer.Layer<Transport.Transport, OptionError.OptionError> =>
  Layer.effect(
    Transport.Transport,
    options.dispatcher === undefined
      ? Effect.map(
        Effect.acquireRelease(agents(options), ({ destroy }) => Effect.promise(destroy)),
        ({ dispatcher, proxyOf }) => over(dispatcher, true, proxyOf)
      )
      : Effect.succeed(make(options.dispatcher))
  )
