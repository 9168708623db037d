/** Reads what the tiny sink has written. */
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { ListedFile, StoredJob } from "../../src/index.ts"

export type Line =
  | {
    readonly projectId: string
    readonly batchId: string
    readonly jobId: string
    readonly revision: JobSink.Revision
    readonly bytes: number
    readonly url: string
  }
  | { readonly data: string }
  | { readonly end: string }
  | { readonly drop: true }

export interface Found extends Exclude<Line, { data: string } | { end: string } | { drop: true }> {
  readonly contents: Array<Buffer>
}

const checked = (bytes: Buffer, file: string): ReadonlyArray<string> => {
  const at = bytes.lastIndexOf(10, bytes.length - 2) + 1
  const trailer = JSON.parse(bytes.subarray(at).toString()) as { readonly sha256: string }
  if (createHash("sha256").update(bytes.subarray(0, at)).digest("hex") !== trailer.sha256) {
    throw new Error(`${file} is torn`)
  }
  return bytes.subarray(0, at).toString().split("\n").slice(0, -1)
}

/** The parts of writers, each laid out like the whole. */
export const partsIn = (target: string): ReadonlyArray<string> => {
  const writers = join(target, "writers")
  return existsSync(writers) ? readdirSync(writers).sort().map((writer) => join(writers, writer)) : []
}

/** The latest of each job. */
export const readCommits = (
  target: string,
  { joined = false, parts = false, trusting = false }: {
    readonly joined?: boolean
    readonly parts?: boolean
    readonly trusting?: boolean
  } = {}
): ReadonlyArray<Found> => {
  const jobs = new Map<string, Found>()
  const folders = [target, ...parts ? partsIn(target) : []].map((place) => join(place, "commits"))
  const files = folders.flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => ({ name, path: join(folder, name) })) : []
  )
  // The names begin with the time.
  for (const { name: file, path } of files.sort((one, other) => one.name < other.name ? -1 : 1)) {
    const bytes = readFileSync(path)
    const lines = trusting ? bytes.toString().split("\n") : checked(bytes, file)
    let found: Found | undefined
    let parts: Array<Buffer> = []
    const keep = () => {
      if (found === undefined) return
      const key = joined ? `${found.batchId}/${found.jobId}` : JSON.stringify([found.batchId, found.jobId])
      jobs.set(key, found)
      found = undefined
    }
    for (const text of lines) {
      let line: Line
      try {
        line = JSON.parse(text) as Line
      } catch {
        continue
      }
      if ("data" in line) parts.push(Buffer.from(line.data, "base64"))
      else if ("end" in line) {
        found?.contents.push(Buffer.concat(parts))
        parts = []
      } else if ("drop" in line) {
        found = undefined
        parts = []
      } else if ("jobId" in line) {
        keep()
        found = { ...line, contents: [] }
      }
    }
    keep()
  }
  return [...jobs.values()]
}

export const readBack = (target: string, joined = false) =>
  Effect.try(() =>
    readCommits(target, { joined }).map(({ batchId, contents, jobId }): StoredJob => ({
      batchId,
      jobId,
      document: contents[0]!,
      attachments: contents.slice(1)
    }))
  )

export const manifest = (target: string) =>
  Effect.sync(() => JSON.parse(readFileSync(join(target, "manifest.json"), "utf8")) as ReadonlyArray<ListedFile>)
