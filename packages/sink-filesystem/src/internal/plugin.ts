/** What makes the package a sink that can be found by name: `SinkPlugin.load("filesystem", options)`. */
import { SinkPlugin } from "@labelstream/core"
import { make, Options, version } from "../FilesystemSink.ts"
import { sinkName } from "./failure.ts"

export const plugin = SinkPlugin.define({ name: sinkName, version, options: Options, make })
