/**
 * What a target and the branches of its writers hold together: the latest line of each job, and the place of its files.
 * Uses the same memory for any number of jobs.
 */
import { Cursor, type Fs, type SortedLines } from "@labelstream/storage"
import { join } from "node:path"
import * as Manifest from "../Manifest.ts"
import { latestLines } from "./manifestFile.ts"
import type { Place } from "./target.ts"

/** A job's latest line, and the place or branch that says it. */
export interface Held extends SortedLines.Keyed {
  readonly from: Place
}

/**
 * Yields the latest line of each job of a batch in order of names, in arrays. `places` is a target and its branches. Of
 * several lines about one job, the one that was stored last counts; lines of the target without a time were stored
 * before any branch. `makeFolder` makes a folder for sorting, which the caller removes.
 */
export async function* heldLines(
  places: ReadonlyArray<Place>,
  batch: string,
  makeFolder: () => Promise<string>
): AsyncGenerator<ReadonlyArray<Held>> {
  const sources: Array<Cursor<SortedLines.Keyed, Held>> = []
  for (const from of places) {
    const path = join(from.output, batch, Manifest.fileName)
    if ((await from.fs.find(path))?.isFile() !== true) continue
    sources.push(new Cursor(latestLines(from.fs, path, makeFolder), ({ key, line }) => ({ key, line, from })))
  }
  try {
    for (const source of sources) await source.advance()
    let held: Array<Held> = []
    for (let least = leastOf(sources); least !== undefined; least = leastOf(sources)) {
      held.push(least)
      for (const source of sources) if (source.head?.key === least.key && !source.step()) await source.advance()
      if (held.length < 1000) continue
      yield held
      held = []
    }
    if (held.length > 0) yield held
  } finally {
    for (const source of sources) await source.close()
  }
}

const leastOf = (sources: ReadonlyArray<Cursor<SortedLines.Keyed, Held>>): Held | undefined => {
  let least: Held | undefined
  for (const { head } of sources) {
    if (head === undefined) continue
    if (least === undefined || head.key < least.key || head.key === least.key && isLater(head, least)) least = head
  }
  return least
}

const isLater = (one: Held, other: Held): boolean =>
  (Manifest.storedOf(one.line) ?? 0) > (Manifest.storedOf(other.line) ?? 0)

/** Runs over something that needs folders for sorting, made by `make`, and removes them. */
export async function* withScratch<A>(
  fs: Fs,
  make: () => Promise<string>,
  run: (makeFolder: () => Promise<string>) => AsyncGenerator<A>
): AsyncGenerator<A> {
  const folders: Array<string> = []
  try {
    yield* run(async () => {
      const folder = await make()
      folders.push(folder)
      return folder
    })
  } finally {
    for (const folder of folders) await fs.remove(folder)
  }
}

/** Folders of a batch in which a line's files may lie, the likely one first: a merge moves them before it says so. */
export const foldersOf = ({ main, output }: Place, batch: string): ReadonlyArray<string> =>
  (main === undefined ? [output] : [output, main.output]).map((folder) => join(folder, batch))
