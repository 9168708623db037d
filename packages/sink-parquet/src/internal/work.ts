/**
 * What the sink does while it is open, and what it then knows of the batches. A batch is staged against the parts as they
 * are: one that is committed meanwhile makes it invalid.
 */
import { Failure, type FolderSink, type Journal } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import { attempt } from "./failure.ts"
import { buildBatch, type Built } from "./part/buildBatch.ts"
import { keepReadable } from "./part/emptyTables.ts"
import type { Each, StagedFile } from "./part/partBuild.ts"
import { type Batch, readBatch } from "./part/partFile.ts"
import type { Full } from "./part/partWriter.ts"
import type { Format } from "./part/rowGroup.ts"
import { folderOf } from "./partition.ts"
import type { Keep } from "./rows.ts"
import type { Place } from "./target.ts"

/** How the dataset is written. */
export interface Settings {
  readonly format: Format
  readonly keep: Keep
  readonly partBytes: number
}

/** Jobs of all batches that are kept in mind; beyond, the batch longest not written to is forgotten and read again. */
const knownJobs = 1_500_000

interface Known {
  batch: Batch
  full: Each<Full> | undefined
}

/** Starts work on a place. */
export const start = (place: Place, settings: Settings): FolderSink.Work<ReadonlyArray<Built>> => {
  // What was found before it was open may have been restored since.
  place.damaged.clear()
  const known = new Map<string, Known>()
  let names = 0

  const knownOf = async (folder: string, batchId: string): Promise<Known> => {
    const found = known.get(folder) ?? { batch: await readBatch(place, folder, batchId), full: undefined }
    // The batch just used moves to the end.
    known.delete(folder)
    known.set(folder, found)
    let jobs = 0
    for (const { batch } of known.values()) jobs += batch.index.size
    for (const [oldest, { batch }] of known) {
      if (jobs <= knownJobs || oldest === folder) break
      jobs -= batch.index.size
      known.delete(oldest)
    }
    return found
  }

  /** Keeps in mind what a commit has changed. */
  const learn = ({ added, folder, parts }: Built) => {
    const found = known.get(folder)
    const last = parts.at(-1)
    if (found === undefined || last === undefined) return
    const { batch } = found
    batch.damaged = []
    place.damaged.delete(folder)
    for (const [job, part] of added) batch.index.add(job, part)
    for (const { full, part, weight } of parts) {
      if (part < batch.last) continue
      batch.last = part
      batch.weight = weight
      found.full = full
    }
  }

  return {
    stage: Effect.fnUntraced(function*(staging, records, stored) {
      const staged: Array<Built> = []
      for (const [batchId, held] of Map.groupBy(records, (record) => record.batchId)) {
        const folder = folderOf(batchId)
        const { batch, full } = yield* attempt({ step: "stage", batchId }, () => knownOf(folder, batchId))
        const nextName = () => String(names++)
        staged.push(
          yield* buildBatch({ ...settings, place, staging, folder, batchId, batch, full, nextName, stored }, held)
        )
      }
      return { staged, rejected: staged.flatMap(({ rejected }) => rejected) }
    }),
    receiptsOf: (staged) =>
      staged.flatMap(({ batchId, jobs }) =>
        jobs.map(({ bytes, job, revision }) => ({ batchId, jobId: job, revision, bytes }))
      ),
    changesOf: async (staged, isCurrent) => {
      const files = staged.flatMap(({ parts }) => parts.flatMap(({ files }) => files))
      if (files.length > 0 && !isCurrent) {
        throw new Failure.Problem("conflict", "another batch was committed since this one was staged: stage it again")
      }
      return stepsOf(files)
    },
    onCommitted: (staged) => staged.forEach(learn),
    finish: () =>
      attempt({ step: "finish" }, async () => {
        // A branch is read by its merge alone.
        if (place.main === undefined) await keepReadable(place, settings.format)
      })
  }
}

/** Puts files in their places, in their order. */
export const stepsOf = (files: ReadonlyArray<StagedFile>): ReadonlyArray<Journal.Step> =>
  files.map(({ from, size, to }) => [{ put: from, at: to, size, isNew: false }])
