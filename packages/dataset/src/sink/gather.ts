/**
 * Puts the samples of all records into one file, in order, each with its name: a dataset is then built from the file, which
 * is read as often as needed. Names that were given before stay.
 */
import type { ImageHeader } from "@labelstream/core"
import { Cursor, Files, Lines } from "@labelstream/storage"
import { join } from "node:path"
import * as CocoDocument from "../CocoDocument.ts"
import type * as DatasetOptions from "../DatasetOptions.ts"
import * as Names from "../Names.ts"
import type { Input, SampleJob } from "../Sample.ts"
import * as SamplesTable from "../SamplesTable.ts"
import * as ImagesFolder from "./imagesFolder.ts"
import * as LineWriter from "./lineWriter.ts"
import { common, type Needs, type Place } from "./place.ts"
import { recordAt, recordPaths } from "./storeContents.ts"
import * as StoredRecord from "./StoredRecord.ts"

/** What stands before a sample in its line, a tab behind it. */
export interface Before {
  readonly name: string | null
  /** The path of the record. */
  readonly path: string
  readonly job: SampleJob
  /** The file of the input, and that of the mask or of the whole document. */
  readonly input: StoredRecord.StoredFile | null
  readonly file: StoredRecord.StoredFile | null
  readonly found: ImagesFolder.FoundImage | null
  /** What a name is made from. */
  readonly asks: Pick<Input, "frame" | "kind" | "url">
}

/** The samples of a store. */
export interface Gathered {
  /** The file with a line for each sample. */
  readonly samples: string
  /** The file of the names, to be published. */
  readonly names: string
  readonly astray: StoredRecord.Astray["astray"]
  /** What every record has. */
  readonly made: Needs
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
  const unnamed = join(folder, "unnamed")
  const astray = new Map<string, number>()
  const naming = Names.make()
  const coco = cocoReader(place)
  let made: Needs = { masks: true, inputs: true }
  await using(await LineWriter.open(fs, unnamed), async (writer) => {
    const given = givenNames(place)
    try {
      const makeFolder = () => fs.mkdir(join(folder, "order")).then(() => join(folder, "order"))
      for await (const paths of recordPaths(place, makeFolder)) {
        for (const path of paths) {
          const { close, found, lines: rest } = await StoredRecord.read(fs, recordAt(place, path))
          if (found.is !== "current") {
            await close()
            continue
          }
          made = common(made, found.head.made)
          const names = await given.of(path)
          for await (const lines of rest) {
            for (const text of lines) {
              const line = JSON.parse(text) as StoredRecord.Line
              if ("astray" in line) {
                for (const [shape, label, why, count] of line.astray) {
                  const key = JSON.stringify([shape, label, why])
                  astray.set(key, (astray.get(key) ?? 0) + count)
                }
                continue
              }
              const before = await beforeOf(place, coco, path, found.head, line, options.images, sizeOf)
              const key = SamplesTable.keyOf({ job: before.job, frame: before.asks.frame })
              const name = names.get(key)?.shift() ?? named?.get(key)
              const isKept = name !== undefined && Names.isSafe(name) && naming.take(name)
              await writer.write(`${JSON.stringify({ ...before, name: isKept ? name : null })}\t${text}`)
            }
          }
        }
      }
    } finally {
      await given.close()
    }
  })
  const [samples, names] = [join(folder, "samples"), join(folder, "names")]
  await using(
    await LineWriter.open(fs, samples),
    async (all) =>
      using(await LineWriter.open(fs, names), async (table) => {
        for await (const lines of Lines.read(fs, unnamed)) {
          for (const line of lines) {
            const tab = line.indexOf("\t")
            const before = JSON.parse(line.slice(0, tab)) as Before
            const { asks, job, path } = before
            const name = before.name ?? naming.give({ ...asks, job }, source)
            await table.write(JSON.stringify([path, SamplesTable.keyOf({ job, frame: asks.frame }), name]))
            await all.write(before.name === null ? `${JSON.stringify({ ...before, name })}${line.slice(tab)}` : line)
          }
        }
      })
  )
  await fs.unlink(unnamed)
  return {
    samples,
    names,
    astray: Array.from(astray, ([key, count]) => {
      const [shape, label, why] = JSON.parse(key) as [string, string, string]
      return [shape, label, why, count]
    }),
    made
  }
}

const using = async (writer: LineWriter.LineWriter, use: (writer: LineWriter.LineWriter) => Promise<void>) => {
  try {
    await use(writer)
  } finally {
    await writer.end()
  }
}

const beforeOf = async (
  place: Place,
  coco: CocoReader,
  path: string,
  { files, job }: StoredRecord.Head,
  line: StoredRecord.StoredSample | StoredRecord.CocoSample,
  images: string | undefined,
  sizeOf: ImageHeader.Reader | undefined
): Promise<Before> => {
  const inFile = (index: number | null | undefined) =>
    index === null || index === undefined ? null : files[index] ?? null
  const file = inFile("coco" in line ? line.coco : typeof line.mask === "object" ? line.mask?.file : null)
  const sample = "coco" in line ? await coco(path, file, line.at, job) : line
  const asks = { frame: sample.frame, kind: sample.kind, url: sample.url }
  const input = "coco" in line ? null : inFile(line.input)
  const found = input === null && images !== undefined && sample.kind === "image"
    ? await ImagesFolder.find(place.fs, images, { ...asks, job }, sizeOf) ?? null
    : null
  return { name: null, path, job, input, file, found, asks }
}

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

/** The names that were given before, job by job in order. */
const givenNames = (place: Place) => {
  const { fs, names } = place
  async function* read(): AsyncGenerator<ReadonlyArray<string>> {
    if ((await fs.find(names))?.isFile() === true) yield* Lines.read(fs, names)
  }
  const cursor = new Cursor(read(), (line) => JSON.parse(line) as readonly [path: string, key: string, name: string])
  let isBegun = false
  return {
    /** By sample, for a job that comes after the last one asked for. */
    of: async (path: string): Promise<ReadonlyMap<string, Array<string>>> => {
      if (!isBegun) await cursor.advance()
      isBegun = true
      const found = new Map<string, Array<string>>()
      for (; cursor.head !== undefined && order(cursor.head[0]) <= order(path);) {
        const [from, key, name] = cursor.head
        if (from === path) found.set(key, [...found.get(key) ?? [], name])
        if (!cursor.step()) await cursor.advance()
      }
      return found
    },
    close: () => cursor.close()
  }
}

/** Sorts paths as records are: by batch, then by job. No name holds a blank. */
const order = (path: string): string => path.replace("/", " ")
