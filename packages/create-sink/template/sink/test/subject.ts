/** How the kit makes the sink, and how a reader reads what it stored. */
import type { StoredJob } from "@labelstream/sink-testkit"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { make as makeSink } from "../src/index.ts"

export const make = (target: string) => makeSink({ directory: target })

interface Stored {
  readonly batchId: string
  readonly jobId: string
  readonly document: string
  readonly attachments: ReadonlyArray<string>
}

const decode = (text: string) => Buffer.from(text, "base64")

export const readBack = (target: string) =>
  Effect.try(() =>
    readdirSync(target).filter((file) => file.endsWith(".json")).map((file): StoredJob => {
      const { attachments, document, ...ids } = JSON.parse(readFileSync(join(target, file), "utf8")) as Stored
      return { ...ids, document: decode(document), attachments: attachments.map(decode) }
    })
  )
