/** Sinks as the requests of these tests name them: `files:DIR`, `parquet:DIR`, `sqlite:FILE`, `postgres:SCHEMA`. */
import { FilesSink } from "@labelstream/sink-files"
import { ParquetSink } from "@labelstream/sink-parquet"
import { PostgresSink } from "@labelstream/sink-postgres"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ClusterError, SinkResolver } from "../../src/index.ts"

/** The URL of the server that the test run has started. Its sessions have the setting `labelstream.writer`: which process. */
const urlOfWriter = () => {
  const url = process.env[PostgresSink.urlVariable]
  if (url === undefined) return ""
  const ours = new URL(url)
  ours.searchParams.set("options", `-c labelstream.writer=${process.pid}`)
  return ours.href
}

/** A schema of that server, which does not sync. */
export const postgresSink = (schema: string) =>
  PostgresSink.make({ url: Redacted.make(urlOfWriter()), schema, durability: "process" })

const makers = {
  files: (directory: string) => FilesSink.make({ directory }),
  parquet: (directory: string) => ParquetSink.make({ directory }),
  sqlite: (file: string) => SqliteSink.make({ file }),
  postgres: postgresSink
}

export const layerSinks = Layer.succeed(SinkResolver.SinkResolver, {
  resolve: (target) => {
    const [kind, ...place] = String(target).split(":")
    const make = makers[kind as keyof typeof makers]
    return make === undefined
      ? Effect.fail(new ClusterError.ClusterError({ reason: "refused", detail: `There is no sink ${String(target)}` }))
      : Effect.succeed(make(place.join(":")))
  }
})
