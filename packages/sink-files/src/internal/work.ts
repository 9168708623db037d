/** What the sink does while it is open: how records become files and lines of manifests. */
import { Files, type FolderSink, type Fs, Hash, type Journal, StagedRecords, Target } from "@labelstream/storage"
import { join } from "node:path"
import * as Manifest from "../Manifest.ts"
import { attempt } from "./failure.ts"
import { markUnordered, putMarkedInOrder } from "./manifestFile.ts"
import { lookOnce, type Staged, stageRecord } from "./staging.ts"
import { at, type Place } from "./target.ts"

/** Records written at the same time. Node.js syncs four files at once by default. */
const recordsAtOnce = 8

/** Starts work on a place. */
export const start = (place: Place): FolderSink.Work<ReadonlyArray<Staged>> => {
  const { fs } = place
  const marked = new Set<string>()
  return {
    stage: (folder, records, stamp) => {
      const isThere = lookOnce(fs)
      return StagedRecords.forEach(
        records,
        recordsAtOnce,
        (record, number) => stageRecord(place, folder, isThere, number, record, stamp)
      )
    },
    receiptsOf: (staged) =>
      staged.map(({ line: { batch, bytes, job, revision } }) => ({ batchId: batch, jobId: job, revision, bytes })),
    changesOf: async (staged, isCurrent) => {
      for (const folder of new Set(staged.map(({ folder }) => folder))) {
        // A branch is never put in order: its lines go to the place that it is a branch of.
        if (marked.has(folder) || place.main !== undefined) continue
        await markUnordered(place, folder)
        marked.add(folder)
      }
      const steps: Array<Journal.Step> = []
      await Files.forEachLimit(staged, recordsAtOnce, async ({ folder, isFree, line, number }, index) => {
        steps[index] = await stepOf(place, folder, line, isCurrent && isFree, (file) => `${number}.${file}`)
      })
      return steps
    },
    finish: ({ outcome }) =>
      attempt({ step: "finish" }, async () => {
        // While there are branches, the lines must keep the times that say which of two is later.
        if (outcome !== "completed" || (await Target.branchesOf(at, place)).length > 0) return
        await putMarkedInOrder(place)
        marked.clear()
      })
  }
}

/**
 * The changes of one job: its nested files first, so that a reader of the new document finds them; then its document,
 * and the removal of old files. `putOf` names a file by its position.
 */
export const stepOf = async (
  { fs, output }: Place,
  folder: string,
  line: Manifest.Line,
  isFree: boolean,
  putOf: (file: number, path: string) => string
): Promise<Journal.Step> => {
  const append = { append: Manifest.encodeLine(line), to: `${folder}/${Manifest.fileName}` }
  const found = isFree ? [] : await inPlace(fs, join(output, folder), line)
  if (found === "same") return [append]
  const paths = new Set(line.files.map(({ path }) => path))
  const put = line.files.map(({ path, size }, index) => ({
    put: putOf(index, path),
    at: `${folder}/${path}`,
    size,
    isNew: !found.includes(path)
  }))
  const gone = found.filter((path) => !paths.has(path)).map((path) => ({ remove: `${folder}/${path}` }))
  return [...put.slice(1), put[0]!, ...gone, append]
}

/**
 * What is in the place of a job: `same` for exactly these files with the same content, otherwise the paths of what is
 * there.
 */
const inPlace = async (fs: Fs, folder: string, line: Manifest.Line): Promise<"same" | ReadonlyArray<string>> => {
  const document = `${line.name}.json`
  const found = await fs.find(join(folder, document))
  const nested = await Files.namesIn(fs, join(folder, line.name))
  const paths = nested.map((name) => `${line.name}/${name}`)
  if (found === undefined) return paths
  paths.push(document)
  const expected = new Set(line.files.map(({ path }) => path))
  if (paths.length !== expected.size || !paths.every((path) => expected.has(path))) return paths
  for (const file of line.files) if (await Hash.compare(fs, folder, file, true) !== "same") return paths
  return "same"
}
