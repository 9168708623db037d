/**
 * Puts the samples of all records into one file, in order, each with its name: a dataset is then built from the file, which
 * is read as often as needed. Names that were given before stay.
 */
import type { ImageHeader } from "@labelstream/core"
import { Cursor, Failure, Files, Lines } from "@labelstream/storage"
import { join } from "node:path"
import * as CocoDocument from "../CocoDocument.ts"
import type * as DatasetOptions from "../DatasetOptions.ts"
import * as Loss from "../Loss.ts"
import * as Names from "../Names.ts"
import type { Input, SampleJob, Shape } from "../Sample.ts"
import * as SamplesTable from "../SamplesTable.ts"
import * as ImagesFolder from "./imagesFolder.ts"
import * as LineWriter from "./lineWriter.ts"
import { common, makeFolder, type Needs, type Place } from "./place.ts"
import { jobIn, latest } from "./store/jobList.ts"
import * as RecordFile from "./store/recordFile.ts"
import * as StoredRecord from "./store/StoredRecord.ts"

/** A line of the file of samples: the properties beyond its record, and the record's line, in two parts. */
export type Gathering = readonly [
  before: Before,
  sample: StoredRecord.StoredSample | StoredRecord.CocoSample,
  shapes?: ReadonlyArray<Shape>
]

/** The properties of a sample that its record does not have. */
export interface Before {
  readonly name: string
  /** The path of its job. */
  readonly path: string
  readonly job: SampleJob
  /** The file of the input, and that of the mask, the labeled cloud, or the whole document. */
  readonly input: StoredRecord.StoredFile | null
  readonly file: StoredRecord.StoredFile | null
  readonly found: ImagesFolder.FoundImage | null
}

/** The parts of an input that make its name. */
type Asks = Pick<Input, "frame" | "job" | "kind" | "url">

/** The samples of a store. */
export interface Gathered {
  /** The file with a line for each sample. */
  readonly samples: string
  /** The file of the names, to be published. */
  readonly names: string
  readonly astray: StoredRecord.Astray["astray"]
  /** The downloads that every job has. */
  readonly made: Needs
  /** The number of jobs, and the bytes of their records. */
  readonly jobs: number
  readonly size: number
}

/** Gathers the samples into files in a folder. `named` has names of a table that the options give. */
export const gather = async (
  place: Place,
  folder: string,
  options: Pick<DatasetOptions.Options, "images">,
  source: Names.Source,
  named: ReadonlyMap<string, string> | undefined,
  sizeOf: ImageHeader.Reader | undefined
): Promise<Gathered> => {
  const { fs } = place
  const [samples, names] = [join(folder, "samples"), join(folder, "names")]
  const astray = Loss.tally()
  // New names are none of those that were given before; of these, `used` has those that a sample has by now.
  const [naming, used] = [Names.make(), Names.make()]
  for (const name of named?.values() ?? []) naming.take(name)
  for await (const lines of givenNames(place)) for (const [, , name] of lines) naming.take(name)
  const coco = cocoReader(place)
  let made: Needs = { masks: true, inputs: true }
  let [jobs, size] = [0, 0]
  const reader = RecordFile.reader(fs, place.records)
  const given = givenByJob(place)
  const [all, table] = [await LineWriter.open(fs, samples), await LineWriter.open(fs, names)]
  const nameOf = (asks: Asks, given: string | undefined): string =>
    given !== undefined && Names.isSafe(given) && used.take(given) ? given : naming.give(asks, source)
  try {
    for await (const lines of latest(place, () => makeFolder(place, "order"))) {
      for (const line of lines) {
        const stored = jobIn(place, line)
        const { path, record } = stored
        made = common(made, stored.made)
        jobs++
        size += record.size
        const names = await given.of(path)
        for await (const texts of reader.linesOf(record)) {
          for (const text of texts) {
            const tab = text.indexOf("\t")
            const sample = tab < 0 ? text : text.slice(0, tab)
            const line = lineIn(sample, join(place.records, record.file))
            if ("astray" in line) {
              for (const [shape, label, why, count] of line.astray) {
                astray.add(shape, label, Loss.dropped(why), "loss", count)
              }
              continue
            }
            const { asks, ...before } = await beforeOf(place, coco, stored, line, options.images, sizeOf)
            const key = SamplesTable.keyOf(asks)
            const name = nameOf(asks, names.get(key)?.shift() ?? named?.get(key))
            await table.write(JSON.stringify([path, key, name]))
            const shapes = tab < 0 ? "" : `,${text.slice(tab + 1)}`
            await all.write(`[${JSON.stringify({ ...before, name } satisfies Before)},${sample}${shapes}]`)
          }
        }
      }
    }
  } finally {
    await given.close()
    await reader.close()
    for (const writer of [all, table]) await writer.end()
  }
  return { samples, names, astray: StoredRecord.astrayOf(astray), made, jobs, size }
}

/** A line of a record. Fails with `corrupt` if it is none. */
const lineIn = (text: string, record: string): StoredRecord.Line => {
  const line = Lines.parse(text)
  const isLine = typeof line === "object" && line !== null && ("kind" in line || "coco" in line || "astray" in line)
  if (isLine) return line as StoredRecord.Line
  throw StoredRecord.damaged(record)
}

const beforeOf = async (
  place: Place,
  coco: CocoReader,
  { files, job, path }: StoredRecord.StoredJob,
  line: StoredRecord.StoredSample | StoredRecord.CocoSample,
  images: string | undefined,
  sizeOf: ImageHeader.Reader | undefined
): Promise<Omit<Before, "name"> & { readonly asks: Asks }> => {
  const inFile = (index: number | null | undefined) =>
    index === null || index === undefined ? null : files[index] ?? null
  const file = inFile("coco" in line ? line.coco : fileOf(line.mask) ?? fileOf(line.points))
  const sample = "coco" in line ? await coco(path, file, line.at, job) : line
  const asks = { frame: sample.frame, job, kind: sample.kind, url: sample.url }
  const input = "coco" in line ? null : inFile(line.input)
  const found = input === null && images !== undefined && sample.kind === "image"
    ? await ImagesFolder.find(place.fs, images, asks, sizeOf) ?? null
    : null
  return { path, job, input, file, found, asks }
}

const fileOf = (stored: { readonly file: number } | string | null | undefined) =>
  typeof stored === "object" ? stored?.file : undefined

/** Reads images of stored COCO documents. It holds the last document: the images of one follow each other. */
export const cocoReader = ({ fs, store }: Place) => {
  let last: { readonly path: string; readonly inputs: ReadonlyArray<Input> } | undefined
  return async (path: string, file: StoredRecord.StoredFile | null, at: number, job: SampleJob): Promise<Input> => {
    const from = join(store, path, file?.name ?? "")
    if (last?.path !== from) {
      const bytes = await Files.readAll(fs, from)
      last = { path: from, inputs: CocoDocument.parse(bytes, job)?.inputs ?? [] }
    }
    const input = last.inputs[at]
    if (input === undefined) throw new Error(`${from} has changed since it was stored`)
    return input
  }
}

type CocoReader = ReturnType<typeof cocoReader>

type Given = readonly [path: string, key: string, name: string]

/** The names that were given before. */
async function* givenNames({ fs, names }: Place): AsyncGenerator<ReadonlyArray<Given>> {
  if ((await fs.find(names))?.isFile() !== true) return
  for await (const lines of Lines.read(fs, names)) yield lines.map((line) => givenIn(line, names))
}

/** A line of the names. Fails with `corrupt` if it is none. */
const givenIn = (text: string, names: string): Given => {
  const line = Lines.parse(text)
  const isGiven = Array.isArray(line) && line.length === 3 && line.every((value) => typeof value === "string")
  if (isGiven) return line as unknown as Given
  throw new Failure.Problem("corrupt", `${names} is damaged: remove it and run again. Samples may then get other names`)
}

/** The names that were given before, job by job in order. */
const givenByJob = (place: Place) => {
  const cursor = new Cursor(givenNames(place), (given) => given)
  let isBegun = false
  return {
    /** By sample, for a job that comes after the last one asked for. */
    of: async (path: string): Promise<ReadonlyMap<string, Array<string>>> => {
      if (!isBegun) await cursor.advance()
      isBegun = true
      const found = new Map<string, Array<string>>()
      for (; cursor.head !== undefined && StoredRecord.keyOf(cursor.head[0]) <= StoredRecord.keyOf(path);) {
        const [from, key, name] = cursor.head
        if (from === path) found.set(key, [...found.get(key) ?? [], name])
        if (!cursor.step()) await cursor.advance()
      }
      return found
    },
    close: () => cursor.close()
  }
}
