/** Writes the store again without the records that later ones have replaced, so that it does not grow for ever. */
import { Cursor, Files, type Journal, type SortedLines } from "@labelstream/storage"
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import * as LineWriter from "../lineWriter.ts"
import { paths, type Place } from "../place.ts"
import { jobIn, latest } from "./jobList.ts"
import * as RecordFile from "./recordFile.ts"
import { encode, fileFor, jobsIn } from "./StoredRecord.ts"

/** Bytes that may be of no use, if they are not more than all others. */
const slack = 256 * 1024

/** Most jobs of a file of records. */
const jobsAtOnce = 1024

/**
 * Compacts the store if more than half of it is of no use. `jobs` and `size` are of the records that count. The folder is one
 * for files of the journal, and empty. Before and after, the store holds the same.
 */
export const compact = async (
  place: Place,
  journal: Journal.Journal,
  folder: string,
  { jobs, size }: { readonly jobs: number; readonly size: number }
): Promise<void> => {
  const { fs, records } = place
  const old = (await Files.namesIn(fs, records)).filter((name) => jobsIn(name) !== undefined)
  let held = 0
  for (const name of old) held += (await fs.find(join(records, name)))?.size ?? 0
  if (held - size <= Math.max(size, slack)) return
  const build = `staging/${folder.slice(place.staging.length + 1)}`
  const changes: Array<Journal.Change> = []
  const reader = RecordFile.reader(fs, records)
  const list = await LineWriter.open(fs, join(folder, "jobs"))
  let left = jobs
  try {
    const source = new Cursor(
      latest(place, () => fs.mkdir(join(folder, "sort")).then(() => join(folder, "sort"))),
      (line: SortedLines.Keyed) => jobIn(place, line)
    )
    await source.advance()
    while (left > 0) {
      const some = Math.min(left, jobsAtOnce)
      const file = fileFor(some)
      const writer = await RecordFile.create(fs, join(folder, file))
      try {
        for (let count = 0; count < some; count++) {
          const job = source.head!
          await list.write(encode({ ...job, record: { ...await writer.copy(reader.bytesOf(job.record)), file } }))
          if (!source.step()) await source.advance()
        }
        changes.push({ put: `${build}/${file}`, at: `${paths.records}/${file}`, size: await writer.end(), isNew: true })
      } finally {
        await writer.close()
      }
      left -= some
    }
    await source.close()
  } finally {
    await reader.close()
    await list.end()
  }
  const { size: bytes } = await Files.withFile(fs, join(folder, "jobs"), "r+", async (fd) => {
    await fs.fsync(fd)
    return fs.fstat(fd)
  })
  changes.push({ put: `${build}/jobs`, at: paths.jobs, size: bytes, isNew: false })
  await Files.syncDirectory(fs, folder)
  await journal.commit(randomUUID(), [[...changes, ...old.map((name) => ({ remove: `${paths.records}/${name}` }))]])
}
