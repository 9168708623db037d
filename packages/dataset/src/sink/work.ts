/** What a dataset sink does while it is open: how jobs go into the store, and how a run ends. */
import { Failure, Files, type FolderSink, type Journal, StagedRecords } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { basename, join } from "node:path"
import type { AllOptionsOf, DatasetFormat } from "../DatasetFormat.ts"
import { finish } from "./finish.ts"
import { type About, common, type Needs, paths, type Place, readAbout, version } from "./place.ts"
import { type Staged, stageRecord } from "./stageRecord.ts"
import * as RecordFile from "./store/recordFile.ts"
import { encode, fileFor } from "./store/StoredRecord.ts"

/** Jobs staged at the same time. Node syncs four files at once by default. */
const jobsAtOnce = 8

interface Batch {
  readonly staged: ReadonlyArray<Staged>
  /** Bytes of the file of records. */
  readonly size: number
  readonly about: number
}

/** Starts work on a place. */
export const start = <Fields extends Schema.Struct.Fields>(
  place: Place,
  journal: Journal.Journal,
  format: DatasetFormat<Fields>,
  options: AllOptionsOf<Fields>,
  needs: Needs
): FolderSink.Work<Batch> => {
  const { fs } = place
  const attempt = Failure.attempt(format.name)
  /** Writes what the store says of itself after a commit. Its stamp is the commit's own. */
  const writeAbout = async (folder: string): Promise<number> => {
    const before = await readAbout(place)
    const about: About = {
      format: "labelstream-dataset",
      version,
      dataset: format.name,
      needs: before?.version === version ? common(before.needs, needs) : needs,
      stamp: basename(folder)
    }
    const bytes = Buffer.from(`${JSON.stringify(about)}\n`)
    await Files.writeNew(fs, join(folder, "about"), bytes)
    return bytes.length
  }
  return {
    stage: Effect.fnUntraced(function*(folder, records) {
      const step = <A>(run: () => Promise<A>) => attempt({ step: "stage" }, run)
      return yield* Effect.acquireUseRelease(
        step(() => RecordFile.create(fs, join(folder, "records"))),
        Effect.fnUntraced(function*(writer) {
          const { rejected, staged } = yield* StagedRecords.forEach(
            records,
            jobsAtOnce,
            (record, number) =>
              stageRecord(place, attempt, { ...needs, kind: format.kind }, { folder, number, writer }, record)
          )
          const size = yield* step(writer.end)
          const about = yield* step(() => writeAbout(folder))
          return { staged: { staged, size, about }, rejected }
        }),
        (writer) => step(writer.close)
      )
    }),
    receiptsOf: ({ staged }) => staged.map(({ receipt }) => receipt),
    changesOf: async ({ about, size, staged }) => {
      if (staged.length === 0) return []
      const steps: Array<Journal.Step> = []
      const batches = await Files.namesIn(fs, place.store)
      const hasFiles = ({ job: { files, path } }: Staged) =>
        files.length > 0 || batches.includes(path.slice(0, path.indexOf("/")))
      await Files.forEachLimit(staged.filter(hasFiles), jobsAtOnce, async (job, index) => {
        steps[index] = await filesOf(place, job)
      })
      const file = fileFor(staged.length)
      const lines = staged.map(({ job, span }) => ({
        append: encode({ ...job, record: { ...span, file } }),
        to: paths.jobs
      }))
      return [
        ...steps.filter(({ length }) => length > 0),
        [{ put: "records", at: `${paths.records}/${file}`, size, isNew: true }, ...lines],
        [{ put: "about", at: paths.about, size: about, isNew: false }]
      ]
    },
    finish: ({ outcome }) =>
      outcome === "stopped" ? Effect.void : finish(place, journal, attempt, format, options, needs)
  }
}

/** The changes to the files of one job: those that it had and no longer has go. */
const filesOf = async ({ fs, store }: Place, { job: { files, path }, number }: Staged): Promise<Journal.Step> => {
  const stored = await Files.namesIn(fs, join(store, path))
  const names = new Set(files.map(({ name }) => name))
  const at = `${paths.store}/${path}`
  return [
    ...files.map((file, index) => ({
      put: `${number}.${index + 1}`,
      at: `${at}/${file.name}`,
      size: file.size,
      isNew: !stored.includes(file.name)
    })),
    ...stored.filter((name) => !names.has(name)).map((name) => ({ remove: `${at}/${name}` }))
  ]
}
