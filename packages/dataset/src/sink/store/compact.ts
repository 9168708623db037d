/** Rewrites the store without replaced records, so that its size stays bounded. */
import { Cursor, Files, type Journal, type SortedLines } from "@labelstream/storage"
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import * as LineWriter from "../lineWriter.ts"
import { makeFolder, paths, type Place, putBuilt } from "../place.ts"
import { jobIn, latest } from "./jobList.ts"
import * as RecordFile from "./recordFile.ts"
import { encode, fileFor, jobsIn } from "./StoredRecord.ts"

/** Bytes that may be of no use, if they are not more than all others. */
const slack = 256 * 1024

/** Most jobs of a file of records. */
const jobsAtOnce = 1024

/**
 * Compacts the store if more than half of it is of no use. `jobs` and `size` are of the records that count. The folder of the
 * build must be empty. Before and after, the store holds the same.
 */
export const compact = async (
  place: Place,
  journal: Journal.Journal,
  { jobs, size }: { readonly jobs: number; readonly size: number }
): Promise<void> => {
  const { build, fs, records } = place
  const old = (await Files.namesIn(fs, records)).filter((name) => jobsIn(name) !== undefined)
  let held = 0
  for (const name of old) held += (await fs.find(join(records, name)))?.size ?? 0
  if (held - size <= Math.max(size, slack)) return
  const changes: Array<Journal.Change> = []
  const reader = RecordFile.reader(fs, records)
  const list = await LineWriter.open(fs, join(build, "jobs"))
  let left = jobs
  const source = new Cursor(
    latest(place, () => makeFolder(place, "sort")),
    (line: SortedLines.Keyed) => jobIn(place, line)
  )
  try {
    await source.advance()
    while (left > 0) {
      const some = Math.min(left, jobsAtOnce)
      const file = fileFor(some)
      const writer = await RecordFile.create(fs, join(build, file))
      try {
        for (let count = 0; count < some; count++) {
          const job = source.head!
          await list.write(encode({ ...job, record: { ...await writer.copy(reader.bytesOf(job.record)), file } }))
          if (!source.step()) await source.advance()
        }
        changes.push({
          put: `${paths.build}/${file}`,
          at: `${paths.records}/${file}`,
          size: await writer.end(),
          isNew: true
        })
      } finally {
        await writer.close()
      }
      left -= some
    }
  } finally {
    await source.close()
    await reader.close()
    await list.end()
  }
  changes.push(await putBuilt(place, "jobs", paths.jobs))
  await Files.syncDirectory(fs, build)
  await journal.commit(randomUUID(), [[...changes, ...old.map((name) => ({ remove: `${paths.records}/${name}` }))]])
}
