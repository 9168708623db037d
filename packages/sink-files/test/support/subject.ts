/** What the conformance kit needs to know of this sink, and its own reader for what it stores. */
import type { ListedFile, StoredJob } from "@labelstream/sink-testkit"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { FilesSink } from "../../src/index.ts"

export const make = (target: string) => FilesSink.make({ directory: target })

interface Line {
  readonly name: string
  readonly batch: string
  readonly job: string
  readonly files: ReadonlyArray<ListedFile>
}

const lines = (target: string): ReadonlyArray<{ readonly folder: string; readonly line: Line }> =>
  readdirSync(target, { withFileTypes: true }).flatMap((entry) => {
    const file = join(target, entry.name, "manifest.ndjson")
    if (!entry.isDirectory() || !existsSync(file)) return []
    const text = readFileSync(file, "utf8")
    const whole = text.slice(0, text.lastIndexOf("\n") + 1).split("\n").slice(1, -1)
    const latest = new Map<string, Line>()
    for (const line of whole.map((line) => JSON.parse(line) as Line)) latest.set(line.name, line)
    return Array.from(latest.values(), (line) => ({ folder: entry.name, line }))
  })

export const readBack = (target: string) =>
  Effect.try(() =>
    lines(target).map(({ folder, line }): StoredJob => {
      const [document, ...nested] = line.files.map(({ path }) => readFileSync(join(target, folder, path)))
      return { batchId: line.batch, jobId: line.job, document: document!, attachments: nested }
    })
  )

export const manifest = (target: string) =>
  Effect.try(() =>
    lines(target).flatMap(({ folder, line }) =>
      line.files.map((file): ListedFile => ({ ...file, path: `${folder}/${file.path}` }))
    )
  )
