/** What a dataset sink does while it is open: how records go into the store, and how a run ends. */
import { Failure, Files, type FolderSink, type Journal, StagedRecords } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { basename, join } from "node:path"
import type { AllOptionsOf, DatasetFormat } from "../DatasetFormat.ts"
import { finish } from "./finish.ts"
import { type About, common, type Needs, paths, type Place, readAbout, version } from "./place.ts"
import { type Staged, stageRecord } from "./stageRecord.ts"
import { recordAt } from "./storeContents.ts"
import * as StoredRecord from "./StoredRecord.ts"

/** Records written at the same time. Node syncs four files at once unless told otherwise. */
const recordsAtOnce = 8

interface Batch {
  readonly staged: ReadonlyArray<Staged>
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
  /** The store's word on itself after a commit; its stamp is the commit's own. */
  const writeAbout = async (folder: string): Promise<number> => {
    const before = await readAbout(place)
    const about: About = {
      format: "labelstream-dataset",
      version,
      dataset: format.name,
      needs: before === undefined ? needs : common(before.needs, needs),
      stamp: basename(folder)
    }
    const bytes = Buffer.from(`${JSON.stringify(about)}\n`)
    await Files.writeNew(fs, join(folder, "about"), bytes)
    return bytes.length
  }
  return {
    stage: Effect.fnUntraced(function*(folder, records) {
      const { rejected, staged } = yield* StagedRecords.forEach(
        records,
        recordsAtOnce,
        (record, number) => stageRecord(place, attempt, { ...needs, kind: format.kind }, folder, number, record)
      )
      const about = yield* attempt({ step: "stage" }, () => writeAbout(folder))
      return { staged: { staged, about }, rejected }
    }),
    receiptsOf: ({ staged }) => staged.map(({ receipt }) => receipt),
    changesOf: async ({ about, staged }) => {
      const steps: Array<Journal.Step> = []
      await Files.forEachLimit(staged, recordsAtOnce, async (record, index) => {
        steps[index] = await stepOf(place, record)
      })
      const changed = steps.filter(({ length }) => length > 0)
      if (changed.length === 0) return []
      return [...changed, [{ put: "about", at: paths.about, size: about, isNew: false }]]
    },
    finish: ({ outcome }) =>
      outcome === "stopped" ? Effect.void : finish(place, journal, attempt, format, options, needs)
  }
}

/** What is to be done for one job: nothing if it is stored like this already. Its files come before its record. */
const stepOf = async (place: Place, { files, first, number, path, size }: Staged): Promise<Journal.Step> => {
  const { fs, store } = place
  const found = await StoredRecord.readHead(fs, recordAt(place, path))
  const stored = found.is === "missing" ? [] : await Files.namesIn(fs, join(store, path))
  const isSame = found.is === "current" && found.first === first && stored.length === files.length &&
    await StoredRecord.isWhole(fs, recordAt(place, path), first) &&
    await StoredRecord.areWhole(fs, join(store, path), files)
  if (isSame) return []
  const names = new Set(files.map(({ name }) => name))
  const at = `${paths.store}/${path}`
  return [
    ...files.map((file, index) => ({
      put: `${number}.${index + 1}`,
      at: `${at}/${file.name}`,
      size: file.size,
      isNew: !stored.includes(file.name)
    })),
    { put: `${number}.0`, at: `${at}.ndjson`, size, isNew: found.is === "missing" },
    ...stored.filter((name) => !names.has(name)).map((name) => ({ remove: `${at}/${name}` }))
  ]
}
