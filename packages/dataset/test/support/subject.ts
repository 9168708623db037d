/** What the conformance kit needs to know of a dataset sink. */
import * as Effect from "effect/Effect"
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Coco, DatasetSink } from "../../src/index.ts"

export const make = (target: string) => DatasetSink.make(Coco.format, { directory: target })

/** The records in the store, in order. */
const records = (target: string): ReadonlyArray<string> => {
  const store = join(target, ".labelstream", "store")
  return readdirSync(store, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ndjson")).sort().map((path) => join(store, path))
}

export const damages = {
  "removes a record": (target: string) => Effect.try(() => rmSync(records(target)[0]!)),
  "changes a record": (target: string) =>
    Effect.try(() => {
      const path = records(target).at(-1)!
      writeFileSync(path, "x".repeat(statSync(path).size))
    })
}
