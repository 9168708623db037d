import type { OptionError } from "@labelstream/core"
import { NodeTelemetry } from "@labelstream/node"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { version } from "./version.ts"

/** The flags for telemetry. */
export interface TelemetryFlags {
  readonly otlp: Option.Option<string>
  readonly prometheus: Option.Option<string>
  readonly logFormat: "text" | "json"
}

/** The telemetry that the flags ask for. */
export const telemetryOf = (
  { logFormat, otlp, prometheus }: TelemetryFlags
): Layer.Layer<never, OptionError.OptionError> =>
  NodeTelemetry.layer({
    ...(Option.isNone(otlp) ? {} : { otlp: { url: otlp.value, version } }),
    ...(Option.isNone(prometheus) ? {} : { prometheus: { file: prometheus.value } }),
    ...(logFormat === "json" ? { logFormat } : {})
  })
