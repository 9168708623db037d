/** Options that types alone do not keep out, since they come from the environment: each is an error that names it. */
import { assert, describe, it } from "@effect/vitest"
import { OptionError } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { NodeSizes, NodeSpool, NodeTelemetry, NodeTransport, SqliteLedger } from "../src/index.ts"

/** What `process.env.UNSET!` is. */
const unset = process.env["LABELSTREAM_THAT_NOBODY_SETS"] as string

const layers = {
  "NodeSpool: directory": () => NodeSpool.layer({ directory: unset }),
  "NodeSpool: memoryBudget": () => NodeSpool.layer({ directory: "spool", memoryBudget: Number.NaN }),
  "NodeSpool: maxInMemory": () => NodeSpool.layer({ directory: "spool", maxInMemory: Number("many") }),
  "SqliteLedger: file": () => SqliteLedger.layer({ file: unset }),
  "SqliteLedger for reading: file": () => SqliteLedger.layerReadOnly({ file: "" }),
  "NodeTransport: connections": () => NodeTransport.layer({ connections: 0 }),
  "NodeTransport: connectTimeout": () => NodeTransport.layer({ connectTimeout: "soon" as "1 second" }),
  "NodeTransport: keepAlive": () => NodeTransport.layer({ keepAlive: Number.POSITIVE_INFINITY }),
  "NodeTransport: allowH2": () => NodeTransport.layer({ allowH2: "false" as unknown as boolean }),
  "NodeTelemetry: otlp.url": () => NodeTelemetry.layer({ otlp: { url: unset } }),
  "NodeTelemetry: otlp.interval": () => NodeTelemetry.layer({ otlp: { url: "http://localhost:1", interval: 0 } }),
  "NodeTelemetry: prometheus.file": () => NodeTelemetry.layer({ prometheus: { file: unset } }),
  "NodeTelemetry: prometheus.interval": () =>
    NodeTelemetry.layer({ prometheus: { file: "metrics", interval: Number.NaN } })
} as const

describe("an option that cannot be used", () => {
  for (const [name, layer] of Object.entries(layers)) {
    it.live(`is named: ${name}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(layer() as Layer.Layer<never, unknown>)))
        assert(error instanceof OptionError.OptionError)
        const option = name.split(": ")[1]
        assert.strictEqual(error.option, option)
        assert.match(error.message, new RegExp(`^Option ${option}: must be [^\n]+$`))
      }))
  }

  it.live("is named: sizes", () =>
    Effect.gen(function*() {
      for (const source of [NodeSizes.folder(unset), NodeSizes.table(unset)]) {
        assert.strictEqual((yield* Effect.flip(source)).option, "sizes")
      }
    }))
})
