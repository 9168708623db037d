import * as Effect from "effect/Effect"
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"

const temporary = (prefix: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      await mkdir(dirname(prefix), { recursive: true })
      return mkdtemp(prefix)
    }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
  )

/** A folder outside this repository, gone with the scope. */
export const folder = temporary(join(tmpdir(), "create-sink-"))

/** A folder from which this package's own dependencies are found, and which no other tool looks into. */
export const folderInReach = temporary(join(import.meta.dirname, "..", "..", ".vitest", "laid-out-"))

/** Writes texts by their paths below a folder. */
export const write = (below: string, texts: Readonly<Record<string, string>>) =>
  Effect.promise(async () => {
    for (const [path, text] of Object.entries(texts)) {
      await mkdir(dirname(join(below, path)), { recursive: true })
      await writeFile(join(below, path), text)
    }
  })

/** Everything below a folder, hidden files too, in order. */
export const contents = (below: string) =>
  Effect.promise(async () =>
    (await readdir(below, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => relative(below, join(entry.parentPath, entry.name)))
      .sort()
  )
