/**
 * What makes the package a sink that can be found by name: `SinkPlugin.load("postgres", options)`. The URL comes from the
 * environment unless the options have one: it holds a password, and others on the machine can read a flag.
 */
import { SinkPlugin } from "@labelstream/core/sink"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { make, Options, urlVariable, version } from "../PostgresSink.ts"
import { sinkName } from "./failure.ts"

const options = Schema.Struct({
  ...Options.fields,
  url: Schema.optionalKey(
    Schema.RedactedFromValue(
      Schema.String.annotate({
        description: `URL of the database, with its password. Default: the variable ${urlVariable}.`
      })
    )
  )
})

export const plugin = SinkPlugin.define({
  name: sinkName,
  version,
  options,
  make: ({ url, ...others }) => make({ ...others, url: url ?? Redacted.make(process.env[urlVariable] ?? "") })
})
