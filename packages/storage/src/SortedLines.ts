/**
 * Sorts any number of keyed lines at bounded memory: runs of two megabytes are sorted. If there is more than one, they
 * are kept in files and merged, a bounded number at a time. Of several lines with one key the last is kept.
 */
import { join } from "node:path"
import { Cursor } from "./Cursor.ts"
import * as Files from "./Files.ts"
import type { Fs } from "./Fs.ts"
import * as Lines from "./Lines.ts"

/** A line and what it is sorted by. Neither holds a newline, and the key holds no tab. */
export interface Keyed {
  readonly key: string
  readonly line: string
}

/** Most characters of a run. About four times as many bytes are in use while sorting. */
const defaultRun = 2 * 1024 * 1024

/** How many files are merged into a larger one: at most this many of each size are open. */
const fanIn = 64

/** Lines that come one after the other, to be read in order. */
export interface Sorter {
  /** Adds lines. Returns nothing if there is nothing to wait for. */
  readonly add: (lines: ReadonlyArray<Keyed>) => Promise<void> | undefined
  /** Yields the lines in order, in arrays, when all were added. */
  readonly sorted: () => AsyncGenerator<ReadonlyArray<Keyed>>
}

/**
 * Starts to sort. `folder` makes the folder for the runs and is called once, only if there are several; the caller
 * removes it.
 */
export const sorter = (fs: Fs, folder: () => Promise<string>, run = defaultRun): Sorter => {
  // Each level holds the files of what is older than the level before it, oldest first.
  const levels: Array<Array<string>> = [[]]
  let held: Array<Keyed> = []
  let size = 0
  let made = 0
  let folderMade: Promise<string> | undefined
  const store = async (parts: Iterable<ReadonlyArray<Keyed>> | AsyncIterable<ReadonlyArray<Keyed>>) => {
    const file = join(await (folderMade ??= folder()), `run-${made++}`)
    await Files.withFile(fs, file, "wx", async (fd) => {
      for await (const part of parts) {
        await Files.writeFully(fs, fd, Buffer.from(part.map(({ key, line }) => `${key}\t${line}\n`).join("")), null)
      }
    })
    return file
  }
  const spill = async () => {
    const records = inOrder(held)
    held = []
    size = 0
    levels[0]!.push(await store(slices(records, 1000)))
    for (const [level, files] of levels.entries()) {
      if (files.length < fanIn) break
      const next = levels[level + 1] ??= []
      next.push(await store(merge(fs, files)))
      for (const file of files.splice(0)) await fs.unlink(file)
    }
  }
  const addFrom = (lines: ReadonlyArray<Keyed>, start: number): Promise<void> | undefined => {
    for (let at = start; at < lines.length; at++) {
      const line = lines[at]!
      held.push(line)
      size += line.key.length + line.line.length + 64
      if (size > run) return spill().then(() => addFrom(lines, at + 1))
    }
    return undefined
  }
  return {
    add: (lines) => addFrom(lines, 0),
    sorted: async function*() {
      if (made === 0) yield* slices(inOrder(held), 1000)
      else {
        if (held.length > 0) await spill()
        yield* merge(fs, levels.toReversed().flat())
      }
    }
  }
}

/** Yields the lines of a source in order, in arrays. `folder` as in {@link sorter}. */
export async function* sort(
  fs: Fs,
  source: AsyncIterable<ReadonlyArray<Keyed>>,
  folder: () => Promise<string>,
  run = defaultRun
): AsyncGenerator<ReadonlyArray<Keyed>> {
  const { add, sorted } = sorter(fs, folder, run)
  for await (const lines of source) await add(lines)
  yield* sorted()
}

/** Sorts and drops all but the last of each key. `Array.sort` is stable, so the last stays the last. */
const inOrder = (records: Array<Keyed>): ReadonlyArray<Keyed> =>
  records.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
    .filter(({ key }, index) => records[index + 1]?.key !== key)

function* slices<A>(items: ReadonlyArray<A>, size: number) {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}

async function* merge(fs: Fs, files: ReadonlyArray<string>): AsyncGenerator<ReadonlyArray<Keyed>> {
  const runs = files.map((file) => new Cursor(Lines.read(fs, file, 32 * 1024), keyedOf))
  try {
    for (const run of runs) await run.advance()
    let batch: Array<Keyed> = []
    for (;;) {
      let least: Keyed | undefined
      // Later runs are newer: of equal keys the last one wins.
      for (const { head } of runs) if (head && (!least || head.key <= least.key)) least = head
      if (least === undefined) break
      batch.push(least)
      for (const run of runs) if (run.head?.key === least.key && !run.step()) await run.advance()
      if (batch.length === 1000) {
        yield batch
        batch = []
      }
    }
    yield batch
  } finally {
    for (const run of runs) await run.close()
  }
}

const keyedOf = (text: string): Keyed => {
  const tab = text.indexOf("\t")
  return { key: text.slice(0, tab), line: text.slice(tab + 1) }
}
