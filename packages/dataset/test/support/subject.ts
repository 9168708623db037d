/** What the conformance kit needs to know of a dataset sink. */
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Coco, DatasetSink } from "../../src/index.ts"

export const make = (target: string) => DatasetSink.make(Coco.format, { directory: target })

/** The files of records in the store. */
const records = (target: string): ReadonlyArray<string> => {
  const folder = join(target, ".labelstream", "records")
  return readdirSync(folder).map((name) => join(folder, name))
}

export const damages = {
  "changes records": (target: string) =>
    Effect.try(() => {
      const path = records(target).at(-1)!
      writeFileSync(path, "x".repeat(statSync(path).size))
    }),
  "cuts a file of records short": (target: string) =>
    Effect.try(() => {
      const path = records(target).at(-1)!
      truncateSync(path, statSync(path).size - 9)
    }),
  "removes a file of records": (target: string) => Effect.try(() => unlinkSync(records(target).at(-1)!))
}

/** The published files by path. The store and the lock are the sink's own. */
export const published = (target: string) =>
  Effect.try(() => {
    const paths = existsSync(target) ? readdirSync(target, { recursive: true, encoding: "utf8" }) : []
    const files = paths.filter((path) => !path.startsWith(".labelstream") && statSync(join(target, path)).isFile())
    return new Map(files.map((path) => [path, new Uint8Array(readFileSync(join(target, path)))]))
  })

/** The revisions in the store: it keeps neither documents nor rows as they came. */
export const readBack = (target: string) =>
  make(target).inspect("content").pipe(
    Stream.runFold(() => new Array<{ batchId: string; jobId: string; revision: JobSink.Revision }>(), (jobs, found) => {
      for (const item of found) {
        if (item._tag !== "Intact") continue
        const { batchId, jobId, revision } = item.receipt
        jobs.push({ batchId, jobId, revision })
      }
      return jobs
    })
  )
