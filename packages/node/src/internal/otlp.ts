import { OptionError } from "@labelstream/core"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Otlp from "effect/observability/Otlp"
import * as Schema from "effect/Schema"

/** How a collector is reached. */
export interface OtlpOptions {
  /**
   * Where the collector takes OTLP over HTTP, such as `http://localhost:4318`; `/v1/traces`, `/v1/metrics`, and
   * `/v1/logs` are added. Its token is in the environment: `OTEL_EXPORTER_OTLP_HEADERS`, as `name=value,name=value`
   * with percent-encoded values, and is sent to this origin alone: no redirect is followed.
   */
  readonly url: string
  /** `service.version` of what is sent. Default: none. */
  readonly version?: string
  /** How often metrics are sent. Default: 10 seconds; spans and log lines go sooner. */
  readonly interval?: Duration.Input
  /** Longest wait for one answer of the collector. Default: 5 seconds. After a failure nothing is sent for a minute. */
  readonly timeout?: Duration.Input
  /** Longest wait at the end for what has not been sent, for each of spans, metrics and logs. Default: 2 seconds. */
  readonly shutdownTimeout?: Duration.Input
}

/** Sends to a collector what Effect's tracer, metrics and loggers have. */
export const exporter = (options: OtlpOptions): Layer.Layer<never, OptionError.OptionError> =>
  Layer.unwrap(Effect.gen(function*() {
    const url = yield* validUrl(options.url)
    const time = (name: "interval" | "timeout" | "shutdownTimeout", otherwise: Duration.Duration) =>
      OptionError.duration(`otlp.${name}`, options[name] ?? otherwise, 1)
    const timeout = yield* time("timeout", Duration.seconds(5))
    return Otlp.layerJson({
      baseUrl: url.href.replace(/\/+$/, ""),
      headers: yield* headers,
      resource: {
        serviceName: yield* Effect.orElseSucceed(Config.String("OTEL_SERVICE_NAME"), () => "labelstream"),
        ...(options.version === undefined ? {} : { serviceVersion: options.version })
      },
      metricsExportInterval: yield* time("interval", Duration.seconds(10)),
      shutdownTimeout: yield* time("shutdownTimeout", Duration.seconds(2))
    }).pipe(Layer.provide(collector(url, timeout)))
  }))

const invalid = (detail: string) => Effect.fail(new OptionError.OptionError({ option: "otlp.url", detail }))

const validUrl = (text: unknown): Effect.Effect<URL, OptionError.OptionError> => {
  if (typeof text !== "string" || !URL.canParse(text)) {
    return invalid("must be the collector's URL, such as http://localhost:4318")
  }
  const url = new URL(text)
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return invalid("must be the collector's URL and begin with http:// or https://: only OTLP over HTTP is spoken")
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return invalid(
      "must be the collector's URL without user, password, query, and fragment: put a token into " +
        "OTEL_EXPORTER_OTLP_HEADERS"
    )
  }
  return Effect.succeed(url)
}

const headers = Config.Record(Schema.String, Schema.StringFromUriComponent, "OTEL_EXPORTER_OTLP_HEADERS").pipe(
  Config.withDefault({}),
  Effect.mapError(() =>
    new OptionError.OptionError({
      option: "OTEL_EXPORTER_OTLP_HEADERS",
      detail: "must look like name=value,name=value, percent-encoded"
    })
  )
)

/** Posts within the time, follows no redirect, reads no answer's body, and warns once. */
const collector = (url: URL, timeout: Duration.Duration): Layer.Layer<HttpClient.HttpClient> => {
  let hasWarned = false
  const warn = (what: string) =>
    Effect.suspend(() => {
      if (hasWarned) return Effect.void
      hasWarned = true
      return Effect.logWarning(`The collector at ${url.origin} ${what}: its data is dropped`)
    })
  return Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpClient.transformResponse(client, (answer) =>
        answer.pipe(
          Effect.tap(({ status }) =>
            status >= 200 && status < 300 ? Effect.void : warn(`responds with HTTP ${status}`)
          ),
          Effect.tapError(() => warn("cannot be reached")),
          // A defect, since the exporter would repeat what only failed, and hold all the more meanwhile.
          Effect.timeoutOrElse({
            duration: timeout,
            orElse: () => Effect.andThen(warn("does not respond in time"), Effect.die("no response in time"))
          }),
          // Only the end of the wait for what is left interrupts a request.
          Effect.onInterrupt(() => warn("did not respond before the end of the run"))
        )))
  ).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, bareFetch))
  )
}

const bareFetch: typeof fetch = async (input, init) => {
  const { body, headers, status } = await fetch(input, { ...init, redirect: "manual" })
  await body?.cancel()
  return new Response(null, { status, headers })
}
