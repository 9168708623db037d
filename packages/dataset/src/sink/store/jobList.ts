/** The list of jobs: what the store holds. Lines are appended by the journal, so that each whole line is true. */
import { Files, Journal, Lines, SortedLines } from "@labelstream/storage"
import { join } from "node:path"
import { paths, type Place } from "../place.ts"
import { damaged, decode, fileIn, jobsIn, keyIn, type StoredJob } from "./StoredRecord.ts"

/**
 * Yields the latest line of each job, by batch and then by job, in arrays. `makeFolder` makes a folder for sorting, which the
 * caller removes. With `keysOnly`, lines are empty.
 */
export async function* latest(
  place: Place,
  makeFolder: () => Promise<string>,
  keysOnly = false
): AsyncGenerator<ReadonlyArray<SortedLines.Keyed>> {
  const { fs, jobs } = place
  if ((await fs.find(jobs))?.isFile() !== true) return
  if (await survey(place)) yield* keyed(place)
  else yield* SortedLines.sort(fs, keyed(place, keysOnly), makeFolder)
}

/** Reads what a line says of its job. */
export const jobIn = ({ jobs }: Place, { line }: SortedLines.Keyed): StoredJob => {
  const job = decode(line)
  if (job === undefined) throw damaged(jobs)
  return job
}

/** The lines as they stand, superseded ones included. */
async function* keyed({ fs, jobs }: Place, keysOnly = false): AsyncGenerator<ReadonlyArray<SortedLines.Keyed>> {
  for await (const lines of Lines.read(fs, jobs)) {
    yield lines.map((line) => {
      const key = keyIn(line)
      if (key === undefined) throw damaged(jobs)
      return { key, line: keysOnly ? "" : line }
    })
  }
}

/**
 * Reads the list, and returns whether it is in order. Fails with `corrupt` if lines are missing, as in a truncated list: each
 * file of records says how many lines name it.
 */
export const survey = async (place: Place): Promise<boolean> => {
  const { fs, jobs, records } = place
  for (let before = -1;;) {
    const files = await Files.namesIn(fs, records)
    // The names of the folder are the keys: a name from a line would keep the whole text around the line in memory.
    const lines = new Map(files.map((file) => [file, 0]))
    let [size, last, isInOrder] = [0, "", true]
    if ((await fs.find(jobs))?.isFile() === true) {
      for await (const some of keyed(place)) {
        for (const { key, line } of some) {
          const file = fileIn(line)
          const count = lines.get(file)
          if (count !== undefined) lines.set(file, count + 1)
          isInOrder &&= key > last
          last = key
          size += line.length
        }
      }
    }
    const pending = await Journal.pending(place)
    const isWhole = (file: string) => lines.get(file) === (jobsIn(file) ?? 0) || pending.has(`${paths.records}/${file}`)
    if (files.every(isWhole)) return isInOrder
    // Another process may have committed meanwhile.
    if (size === before) throw damaged(jobs)
    before = size
  }
}

/** Readies the store for more jobs: without a list, what it holds is of no use. */
export const recover = async (place: Place): Promise<void> => {
  const { fs, jobs, records, store } = place
  if (await fs.find(jobs) !== undefined) return void await survey(place)
  for (const folder of [records, store]) {
    for (const name of await Files.namesIn(fs, folder)) await fs.remove(join(folder, name))
  }
}
