/**
 * Sends the telemetry of an export to an OpenTelemetry collector, to a file for Prometheus, or to stderr as lines of
 * JSON. Each layer also turns `Telemetry` on, and goes around those of the client and the export. Telemetry never fails
 * an export, and delays its end by a few seconds at most.
 */
import { OptionError, Telemetry } from "@labelstream/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type { MetricsFile } from "./internal/metricsFile.ts"
import type { OtlpOptions } from "./internal/otlp.ts"

export type { OtlpOptions }

/**
 * Sends spans, metrics, and log lines to a collector, as JSON. If it cannot be reached or does not answer, one warning is
 * logged, and what was to be sent is dropped; memory stays bounded. Fails with an `OptionError`, which never shows the URL.
 */
export const layerOtlp = (options: OtlpOptions): Layer.Layer<never, OptionError.OptionError> =>
  Layer.merge(
    Telemetry.layer,
    // Loaded when it is used: about 25 ms of CPU that others should not pay.
    Layer.unwrap(Effect.map(Effect.promise(() => import("./internal/otlp.ts")), ({ exporter }) => exporter(options)))
  )

/** The file for the metrics. */
export interface PrometheusOptions {
  /** Path of the file; its folder must exist. Replaced whole, so that a reader never sees a part. */
  readonly file: string
  /** How often it is written. Default: 15 seconds, and once at the end. */
  readonly interval?: Duration.Input
}

/**
 * Writes all metrics into a file in Prometheus' text format, for the textfile collector of its node exporter: a run that
 * ends by itself is gone before it could be scraped. A file that cannot be written is warned of once.
 */
export const layerPrometheus = (
  { file, interval = Duration.seconds(15) }: PrometheusOptions
): Layer.Layer<never, OptionError.OptionError> =>
  Layer.merge(
    Telemetry.layer,
    Layer.effectDiscard(Effect.gen(function*() {
      const path = yield* OptionError.text("prometheus.file", file)
      const every = yield* OptionError.duration("prometheus.interval", interval, 1)
      const load = (): Promise<{ readonly metricsFile: MetricsFile }> => import("./internal/metricsFile.ts")
      const { metricsFile } = yield* Effect.promise(load)
      yield* metricsFile(path, every)
    }))
  )

/**
 * Logs as one JSON object a line on stderr, instead of the loggers in force: `message`, `level`, `timestamp`,
 * `annotations` and, if there is one, `cause`.
 */
export const layerJsonLogs: Layer.Layer<never> = Layer.merge(
  Telemetry.layer,
  Logger.layer([Logger.withConsoleError(Logger.formatJson)])
)

/** What of the above is wanted. */
export interface Options {
  readonly otlp?: OtlpOptions
  readonly prometheus?: PrometheusOptions
  /** `json` for {@link layerJsonLogs}. Default: the loggers in force. */
  readonly logFormat?: "json"
}

/** All layers that the options name, as one. Without options, nothing is turned on. */
export const layer = ({ logFormat, otlp, prometheus }: Options): Layer.Layer<never, OptionError.OptionError> => {
  const logs = logFormat === "json" ? layerJsonLogs : Layer.empty
  const file = prometheus === undefined ? Layer.empty : layerPrometheus(prometheus)
  // A collector takes log lines besides the loggers that it finds.
  return Layer.merge(otlp === undefined ? Layer.empty : layerOtlp(otlp), file).pipe(Layer.provideMerge(logs))
}
