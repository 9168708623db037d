/**
 * The agent for the proxies of the environment. Adds to undici's own agent: values without a scheme, ranges of
 * addresses in `NO_PROXY`, and a message for a value that cannot be used.
 */
import { OptionError } from "@labelstream/core"
import { BlockList, isIP } from "node:net"
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent } from "undici"
import { tolerant } from "./repeatedLength.ts"

type Env = Readonly<Record<string, string | undefined>>

interface Variable {
  readonly name: string
  readonly value: string
}

const variable = (env: Env, name: string): Variable => {
  const lower = env[name.toLowerCase()] ?? ""
  return lower === "" ? { name, value: env[name] ?? "" } : { name: name.toLowerCase(), value: lower }
}

const schemes = new Set(["http:", "https:", "socks5:", "socks:"])

/** A proxy as undici takes it. Like curl and git, takes `host:port` for an HTTP proxy. */
const proxyOf = ({ name, value }: Variable): URL | undefined => {
  const text = value.trim()
  if (text === "") return undefined
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  const fail = (detail: string) => new OptionError.OptionError({ option: name, detail })
  if (url === null || url.hostname === "") throw fail("must be a proxy, such as http://host:port or host:port")
  if (!schemes.has(url.protocol)) {
    throw fail(`must begin with http://: proxies of the kind ${url.protocol}// are not supported`)
  }
  try {
    decodeURIComponent(`${url.username}${url.password}`)
  } catch {
    throw fail("has a % in its user or password that begins no code: write it as %25")
  }
  return url
}

/** The addresses in ranges such as `10.0.0.0/8`. The agent handles hosts and domains itself. */
const rangesOf = (noProxy: string): BlockList | undefined => {
  const ranges = new BlockList()
  for (const entry of noProxy.split(/[,\s]+/)) {
    const [, address = "", bits] = /^\[?([^[\]/]+)\]?\/(\d{1,3})$/.exec(entry) ?? []
    const version = isIP(address)
    if (version === 0 || Number(bits) > (version === 4 ? 32 : 128)) continue
    ranges.addSubnet(address, Number(bits), version === 4 ? "ipv4" : "ipv6")
  }
  return ranges.rules.length === 0 ? undefined : ranges
}

const isIn = (ranges: BlockList, { hostname }: URL): boolean => {
  const address = hostname.replace(/^\[|\]$/g, "")
  const version = isIP(address)
  return version !== 0 && ranges.check(address, version === 4 ? "ipv4" : "ipv6")
}

/** What sends requests, and the proxy that may stand between here and an origin. */
export interface Agents {
  readonly dispatcher: Dispatcher
  readonly proxyOf: (url: URL) => URL | undefined
  readonly destroy: () => Promise<void>
}

/** Makes the agents. Throws an `OptionError` if a variable cannot be used; never shows its value, which may hold a password. */
export const make = (settings: Agent.Options & buildConnector.BuildOptions, env: Env): Agents => {
  const [http, https] = [variable(env, "HTTP_PROXY"), variable(env, "HTTPS_PROXY")].map(proxyOf)
  const { allowH2 = false, connectTimeout } = settings
  const connect = tolerant(
    buildConnector({ allowH2, ...(connectTimeout === undefined ? {} : { timeout: connectTimeout }) })
  )
  const direct = new Agent({ ...settings, connect })
  if (http === undefined && https === undefined) {
    return { dispatcher: direct, proxyOf: () => undefined, destroy: () => direct.destroy() }
  }
  const noProxy = variable(env, "NO_PROXY").value
  const ranges = rangesOf(noProxy)
  const proxied = new EnvHttpProxyAgent({
    ...settings,
    httpProxy: http?.href ?? "",
    httpsProxy: https?.href ?? "",
    noProxy
  })
  const isExcepted = (url: URL) => ranges !== undefined && isIn(ranges, url)
  return {
    dispatcher: proxied.compose((dispatch) => (options, handler) =>
      ranges !== undefined && isExcepted(new URL(String(options.origin)))
        ? direct.dispatch(options, handler)
        : dispatch(options, handler)
    ),
    // For https, undici uses the proxy of http if that is the only one.
    proxyOf: (url) => isExcepted(url) ? undefined : url.protocol === "https:" ? https ?? http : http,
    destroy: async () => {
      await Promise.all([direct.destroy(), proxied.destroy()])
    }
  }
}
