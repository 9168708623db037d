import { type Content, GtStudio, type OptionError } from "@labelstream/core"
import { NodeSpool, NodeTransport } from "@labelstream/node"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { join } from "node:path"
import type { Address } from "../harness/server.ts"

/** The platform as an application on Node.js reaches it, with the defaults. */
export const platform = (
  { apiKey, apiUrl }: Address,
  folder: string
): Layer.Layer<
  GtStudio.GtStudio,
  OptionError.OptionError | Content.ContentError
> =>
  GtStudio.layer({ apiKey: Redacted.make(apiKey), baseUrl: apiUrl }).pipe(
    Layer.provide([NodeTransport.layer(), NodeSpool.layer({ directory: join(folder, ".labelstream", "spool") })])
  )
