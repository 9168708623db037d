/** What makes the package a sink that can be found by name: `SinkPlugin.load("sqlite", options)`. */
import { SinkPlugin } from "@labelstream/core/sink"
import { make, Options, version } from "../SqliteSink.ts"
import { sinkName } from "./failure.ts"

export const plugin = SinkPlugin.define({ name: sinkName, version, options: Options, make })
