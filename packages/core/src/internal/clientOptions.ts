/** The options of the client: checks, defaults, and the variables of the environment that set some of them. */
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as OptionError from "../OptionError.ts"
import { defaultBudget, type RetryBudget } from "../RetryPolicy.ts"
import type { ClientSettings } from "./client/client.ts"
import { isLoopback } from "./client/origin.ts"

/** GT Studio's own address (documented). */
export const defaultBaseUrl = "https://api.playment.io"

/** How GT Studio is reached. */
export interface Options {
  /** Sent as `x-api-key` to the API's origin alone. */
  readonly apiKey: Redacted.Redacted
  /** Origin of the API, with a path prefix if there is one. Default: {@link defaultBaseUrl}. */
  readonly baseUrl?: string
  /** Allows plain http to other hosts than loopback: the key then travels in the clear. Default: false. */
  readonly allowInsecureHttp?: boolean
  /** Most requests in flight to each origin, from 1. Default: 64; begins at 16 and grows while nothing is throttled. */
  readonly maxInFlight?: number
  /** Most requests to the API that start in a second, above 0. Default: no limit. */
  readonly requestsPerSecond?: number
  /** How often and how long a failed request is retried. Default: up to 8 times within 2 minutes. */
  readonly retry?: Partial<RetryBudget>
  /** Longest wait for the headers of a response. Default: 30 seconds. */
  readonly headersTimeout?: Duration.Input
  /** Longest wait between two chunks of a body. Default: 30 seconds. A response of the API has 2 minutes in all. */
  readonly idleTimeout?: Duration.Input
  /** Longest download of one attachment in one attempt. Default: 1 hour. */
  readonly downloadTimeout?: Duration.Input
}

const refuse = (option: string, detail: string) => Effect.fail(new OptionError.OptionError({ option, detail }))

const validBaseUrl = (options: Options): Effect.Effect<string, OptionError.OptionError> => {
  const baseUrl: unknown = options.baseUrl ?? defaultBaseUrl
  if (typeof baseUrl !== "string" || !URL.canParse(baseUrl)) {
    return refuse("baseUrl", "must be a URL such as https://host")
  }
  const url = new URL(baseUrl)
  if (url.protocol !== "https:" && url.protocol !== "http:") return refuse("baseUrl", "must begin with https://")
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return refuse("baseUrl", "must have no user, password, query, or fragment")
  }
  if (url.protocol === "http:" && !isLoopback(url) && options.allowInsecureHttp !== true) {
    return refuse(
      "baseUrl",
      `must begin with https://: over plain http to ${url.origin} the API key would travel in the clear. ` +
        "To allow that, set allowInsecureHttp, or GT_STUDIO_ALLOW_HTTP=true"
    )
  }
  return Effect.succeed(`${url.origin}${url.pathname.replace(/\/+$/, "")}`)
}

/** Where the key comes from, for people. */
const keySource = "Copy it from your organization's settings in GT Studio"

const validApiKey = (key: unknown): Effect.Effect<Redacted.Redacted, OptionError.OptionError> => {
  const given: unknown = Redacted.isRedacted(key) ? Redacted.value(key) : undefined
  if (typeof given !== "string") {
    return refuse("apiKey", "must be the API key as a Redacted, such as Redacted.make(text), and is not set")
  }
  const value = given.trim()
  if (value === "") return refuse("apiKey", `must be the API key, and is empty. ${keySource}`)
  // Header values of visible ASCII characters pass every client and proxy.
  if (!/^[\x21-\x7e]+$/.test(value)) {
    return refuse("apiKey", "must be the API key, and has characters that no key has, such as a line break or a space")
  }
  return Effect.succeed(Redacted.make(value))
}

/** The numbers and durations of the options, with their defaults. */
const validNumbers = Effect.fnUntraced(function*(options: Options) {
  const { allowInsecureHttp, downloadTimeout, headersTimeout, idleTimeout, maxInFlight = 64, requestsPerSecond } =
    options
  const retry = { ...defaultBudget, ...options.retry }
  const timeout = (name: string, given: Duration.Input | undefined, otherwise: Duration.Duration) =>
    given === undefined ? Effect.succeed(otherwise) : OptionError.duration(name, given, 1)
  yield* OptionError.given(OptionError.flag)("allowInsecureHttp", allowInsecureHttp)
  return {
    maxInFlight: Math.ceil(yield* OptionError.positive("maxInFlight", maxInFlight)),
    requestsPerSecond: requestsPerSecond === undefined
      ? Number.POSITIVE_INFINITY
      : yield* OptionError.positive("requestsPerSecond", requestsPerSecond),
    retry: {
      base: yield* OptionError.duration("retry.base", retry.base),
      cap: yield* OptionError.duration("retry.cap", retry.cap),
      retries: yield* OptionError.count("retry.retries", retry.retries, 0),
      maxElapsed: yield* OptionError.duration("retry.maxElapsed", retry.maxElapsed)
    },
    headersTimeout: yield* timeout("headersTimeout", headersTimeout, Duration.seconds(30)),
    idleTimeout: yield* timeout("idleTimeout", idleTimeout, Duration.seconds(30)),
    downloadTimeout: yield* timeout("downloadTimeout", downloadTimeout, Duration.hours(1))
  }
})

/** Returns the checked options, with defaults. Fails with an `OptionError` that names an unusable one. */
export const settingsOf = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<
  ClientSettings,
  OptionError.OptionError
> {
  const { maxInFlight, requestsPerSecond, ...others } = yield* validNumbers(options)
  const storage = {
    maxInFlight,
    requestsPerSecond: Number.POSITIVE_INFINITY,
    maxPauseMillis: Duration.toMillis(others.retry.maxElapsed)
  }
  return {
    ...others,
    base: yield* validBaseUrl(options),
    apiKey: yield* validApiKey(options.apiKey),
    api: { ...storage, requestsPerSecond },
    storage
  }
})

/** Variables of the environment, by the option that each of them sets. */
const variables = {
  apiKey: "GT_STUDIO_API_KEY",
  baseUrl: "GT_STUDIO_BASE_URL",
  allowInsecureHttp: "GT_STUDIO_ALLOW_HTTP"
}

const unreadable = (option: string, detail: string) => () => new OptionError.OptionError({ option, detail })

/** Reads the options that the environment sets. Fails with an `OptionError` that names a variable. */
export const environment = Effect.gen(function*() {
  const apiKey = yield* Config.option(Config.Redacted(variables.apiKey)).pipe(
    Effect.mapError(unreadable(variables.apiKey, "cannot be read"))
  )
  if (Option.isNone(apiKey)) {
    return yield* refuse(variables.apiKey, `must be the API key, and is not set. ${keySource}`)
  }
  return {
    apiKey: apiKey.value,
    baseUrl: yield* Config.String(variables.baseUrl).pipe(
      Config.withDefault(defaultBaseUrl),
      Effect.mapError(unreadable(variables.baseUrl, "cannot be read"))
    ),
    allowInsecureHttp: yield* Config.Boolean(variables.allowInsecureHttp).pipe(
      Config.withDefault(false),
      Effect.mapError(unreadable(variables.allowInsecureHttp, "must be true or false"))
    )
  }
})

/** If the environment set an option, returns its error with the name of the variable. */
export const namedAsSet = (options: Omit<Options, "apiKey">) => ({ detail, option }: OptionError.OptionError) =>
  new OptionError.OptionError({
    option: option in variables && !(option in options) ? variables[option as keyof typeof variables] : option,
    detail
  })
