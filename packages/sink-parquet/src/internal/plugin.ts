/** What makes the package a sink that can be found by name: `SinkPlugin.load("parquet", options)`. */
import { SinkPlugin } from "@labelstream/core/sink"
import { make, Options, version } from "../ParquetSink.ts"
import { sinkName } from "./failure.ts"

export const plugin = SinkPlugin.define({ name: sinkName, version, options: Options, make })
