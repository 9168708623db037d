/**
 * Writes the parts of a job that a dataset needs into the staging folder: its rows as samples, and its masks and inputs.
 * Masks are read here once, so that the record says which of them cannot be read.
 */
import { type AnnotationModel, type JobSink, PathName, TableRows } from "@labelstream/core/sink"
import { type Failure, type Fs, SortedLines, StagedContent } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import * as CocoDocument from "../CocoDocument.ts"
import { DatasetError } from "../DatasetError.ts"
import * as Legend from "../Legend.ts"
import * as Names from "../Names.ts"
import type { Shape } from "../Sample.ts"
import * as LabeledCloud from "./labeledCloud.ts"
import type { Needs, Place } from "./place.ts"
import { shapeText } from "./shapeText.ts"
import * as StoredRecord from "./StoredRecord.ts"

/** A job whose files lie in the staging folder of its token: its record as `<number>.0`, its files from `<number>.1` on. */
export interface Staged {
  readonly number: number
  /** `<batch>/<job>` in the store. */
  readonly path: string
  readonly first: string
  readonly size: number
  readonly files: ReadonlyArray<StoredRecord.StoredFile>
  readonly receipt: JobSink.Receipt
}

/** Files written at the same time for one job. */
const filesAtOnce = 4

/** A COCO document is parsed as a whole: one above this many bytes counts as a document of unknown shape. */
const largestCoco = 64 * 1024 * 1024

/** The files that say which class a pixel or a point belongs to. */
const labelRoles = { image: "mask", point_cloud: "point_cloud" } as const

/** Writes one record and its files. */
export const stageRecord = Effect.fnUntraced(function*(
  place: Place,
  attempt: Failure.Attempt,
  { kind, ...needs }: Needs & { readonly kind: "image" | "point_cloud" },
  folder: string,
  number: number,
  record: JobSink.JobRecord
) {
  const where: Failure.Where = { step: "stage", batchId: record.batchId, jobId: record.jobId }
  const unreadable = (cause: unknown) => attempt(where, () => Promise.reject(StagedContent.unreadable(cause)))
  const staged = (file: number) => join(folder, `${number}.${file}`)
  const coco = yield* cocoOf(record).pipe(Effect.catchTag("ContentError", unreadable))
  const wanted = record.attachments.filter(({ ref: { role } }) =>
    role === labelRoles[kind] && needs.masks || role === "input" && needs.inputs
  )
  const contents = [
    ...coco === undefined ? [] : [{ name: "coco.json", content: record.document }],
    ...wanted.map((attachment) => ({ name: PathName.nested(attachment), content: attachment.content }))
  ]
  yield* Effect.forEach(
    contents,
    ({ content }, index) => StagedContent.write(place, attempt, staged(index + 1), content, where),
    { concurrency: filesAtOnce, discard: true }
  )
  const head: StoredRecord.Head = {
    project: record.projectId,
    job: jobOf(record),
    revision: { document: record.revision.document, attachments: record.revision.attachments },
    bytes: TableRows.receiptOf(record).bytes,
    made: needs,
    files: contents.map(({ content, name }) => ({ name, size: content.size, sha256: content.sha256 }))
  }
  const lines = coco === undefined
    ? yield* samplesOf(place.fs, staged(contents.length + 1), record, wanted).pipe(
      Effect.catchTag("ContentError", unreadable)
    )
    : cocoLines(coco)
  const written = yield* attempt(where, () => StoredRecord.write(place.fs, staged(0), withHead(head, lines)))
  const path = `${PathName.fromId(record.batchId)}/${PathName.fromId(record.jobId)}`
  return { number, path, ...written, files: head.files, receipt: TableRows.receiptOf(record) } satisfies Staged
})

const jobOf = ({ batchId, jobId, result, summary }: JobSink.JobRecord) => ({
  batchId,
  jobId,
  referenceId: summary.referenceId ?? result.referenceId ?? ""
})

async function* withHead(head: StoredRecord.Head, lines: AsyncIterable<string>): AsyncGenerator<string> {
  yield JSON.stringify(head)
  yield* lines
}

/** A result of custom code that is a COCO document; undefined if it is none. */
const cocoOf = Effect.fnUntraced(function*(record: JobSink.JobRecord) {
  if (record.parsed.resultType !== "unknown" || record.document.size > largestCoco) return undefined
  const bytes = yield* record.document.collect
  return CocoDocument.parse(bytes, jobOf(record))
})

async function* cocoLines({ inputs, problems }: CocoDocument.Read): AsyncGenerator<string> {
  for (const at of inputs.keys()) yield JSON.stringify({ coco: 0, at } satisfies StoredRecord.CocoSample)
  if (problems.length === 0) return
  yield JSON.stringify({ astray: counted(problems.map(({ reason }) => ["unknown", "", reason])) })
}

type Attachment = JobSink.JobRecord["attachments"][number]

/**
 * The lines of the samples. Rows of a video come track by track: they are sorted by input, in files if there are many. These
 * lie in the folder `scratch`, which goes with the staging folder.
 */
const samplesOf = Effect.fnUntraced(function*(
  fs: Fs,
  scratch: string,
  record: JobSink.JobRecord,
  files: ReadonlyArray<Attachment>
) {
  const media = (yield* Stream.runCollect(TableRows.mediaRows(record))).flat()
  const fileOf = new Map(files.map(({ ref }, index) => [ref.index, index]))
  const masks = masksByMedia(media, files)
  const endings = new Map<number, string | null>()
  for (const row of media) {
    const input = row.attachment_index === null ? undefined : fileOf.get(row.attachment_index)
    if (input !== undefined) endings.set(row.media_index, yield* endingOf(files[input]!))
  }
  async function* keyed(): AsyncGenerator<ReadonlyArray<SortedLines.Keyed>> {
    const { batchId, jobId } = record
    const decoded = record.parsed.rows({ batchId, jobId }).pipe(Stream.mapError(StagedContent.unreadable))
    for await (const { rows } of Stream.toAsyncIterable(decoded)) {
      yield rows.map((row) => ({
        key: `${padded(row.media_index ?? nowhere)}${padded(row.annotation_index)}`,
        // Segments come with their color, by which a mask has them, or with the key that points of a cloud have.
        line: `${row.type === "segment" ? row.label_key ?? row.color ?? "-" : ""} ${shapeText(row)}`
      }))
    }
  }
  const makeFolder = once(() => fs.mkdir(scratch).then(() => scratch))
  async function* lines(): AsyncGenerator<string> {
    const sorted = flat(SortedLines.sort(fs, keyed(), makeFolder))
    let head = await sorted.next()
    /** Takes the shapes of an input. Legends of a job with several masks are of no input: they come first. */
    const take = async (index: number) => {
      const key = padded(index)
      const found: Taken = { shapes: [], segments: [] }
      for (; head.done !== true && head.value.key.startsWith(key); head = await sorted.next()) {
        const { line } = head.value
        const [color, shape] = [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]
        if (color === "") found.shapes.push(shape)
        else found.segments.push({ color, shape })
      }
      return found
    }
    const loose = await take(nowhere)
    for (const row of media) {
      const taken = await take(row.media_index)
      yield await sampleLine(row, taken, loose.segments)
    }
    const astray: Array<readonly [shape: string, why: string]> = loose.shapes.map((shape) => [shape, noImage])
    if (masks.size === 0 && !files.some(isCloud)) {
      astray.push(...loose.segments.map(({ shape }) => [shape, noMask] as const))
    }
    if (astray.length > 0) {
      yield JSON.stringify({
        astray: counted(astray.map(([text, why]) => {
          const { label, type } = JSON.parse(text) as Shape
          return [type, label, why]
        }))
      })
    }
  }
  const sampleLine = async (row: AnnotationModel.MediaRow, { segments, shapes }: Taken, ofJob: Taken["segments"]) => {
    const { frame_id, frame_index, height, kind, media_index, url, width } = row
    const file = masks.get(media_index)
    const legend = file === undefined ? segments : [...ofJob, ...segments]
    const mask = file === undefined ? undefined : await Effect.runPromise(maskOf(files[file]!, file, legend))
    const cloud = row.attachment_index === null ? undefined : fileOf.get(row.attachment_index)
    const points = cloud === undefined || !isCloud(files[cloud]!)
      ? undefined
      : await cloudOf(files[cloud]!, cloud, [...ofJob, ...segments])
    const read = typeof mask === "object" ? mask : typeof points === "object" ? points : undefined
    // Segments that neither a mask nor a cloud shows stay, to be counted as lost.
    const left = read === undefined ? legend.map(({ shape }) => shape) : []
    const input = row.attachment_index === null ? undefined : fileOf.get(row.attachment_index)
    const start = JSON.stringify({
      kind,
      frame: frame_id === null && frame_index === null
        ? null
        : { id: frame_id ?? "", index: frame_index ?? media_index },
      url,
      width: width ?? (typeof mask === "object" ? mask.width : null),
      height: height ?? (typeof mask === "object" ? mask.height : null),
      ending: endings.get(media_index) ?? null,
      // A mask is no input, though it may stand for one that the result does not name.
      input: input === undefined || files[input]!.ref.role !== "input" ? null : input,
      mask: mask ?? null,
      ...points === undefined ? {} : { points }
    })
    return `${start.slice(0, -1)},"shapes":[${[...shapes, ...left].join(",")}]}`
  }
  return lines()
})

interface Taken {
  readonly shapes: Array<string>
  readonly segments: Array<{ readonly color: string; readonly shape: string }>
}

/** A media index of no input: before all others. */
const nowhere = -1

/** Sorts as the numbers do from -1 on. */
const padded = (index: number): string => String(index + 1).padStart(10, "0")

/** The mask of each input, as its place among the files: that of the input itself, or of its frame, or the only one. */
const masksByMedia = (media: ReadonlyArray<AnnotationModel.MediaRow>, files: ReadonlyArray<Attachment>) => {
  const images = media.filter(({ kind }) => kind === "image")
  const byFile = new Map(images.map((row) => [row.attachment_index, row.media_index]))
  const byFrame = new Map(images.map((row) => [JSON.stringify([row.frame_id, row.sensor_id]), row.media_index]))
  const found = new Map<number, number>()
  for (const [file, { ref }] of files.entries()) {
    if (ref.role !== "mask") continue
    const index = byFile.get(ref.index) ?? byFrame.get(JSON.stringify([ref.frameId, ref.sensorId])) ??
      byFrame.get(JSON.stringify([ref.frameId, null])) ?? (images.length === 1 ? images[0]!.media_index : undefined)
    if (index !== undefined && !found.has(index)) found.set(index, file)
  }
  return found
}

/** Reads a mask; returns the reason if it cannot be read. */
const maskOf = ({ content }: Attachment, file: number, segments: Taken["segments"]) => {
  const legend = segments.map(({ color, shape }) => ({ color, shape: JSON.parse(shape) as Shape }))
  return Legend.open(Effect.catch(content.collect, (cause) => Effect.die(StagedContent.unreadable(cause))), legend)
    .pipe(
      Effect.map(({ entries, hasStrays, height, width }): StoredRecord.StoredMask => {
        const met = new Set(entries)
        const colors = legend.filter(({ shape }) => met.has(shape)).map(({ color }) => color)
        return { file, width, height, hasStrays, colors, entries: entries.filter((entry) => entry !== null) }
      }),
      Effect.catch(({ detail }: DatasetError) => Effect.succeed(detail))
    )
}

const isCloud = ({ ref }: Attachment): boolean => ref.role === "point_cloud"

/** Reads a labeled cloud; returns the reason if it cannot be read. */
const cloudOf = async (
  { content }: Attachment,
  file: number,
  segments: Taken["segments"]
): Promise<StoredRecord.StoredCloud | string> => {
  const met = new Set<number>()
  try {
    for await (const { keys } of LabeledCloud.pointsOf(Stream.toAsyncIterable(content.stream))) {
      for (const key of keys) met.add(key)
    }
  } catch (cause) {
    if (cause instanceof DatasetError) return cause.detail
    throw StagedContent.unreadable(cause)
  }
  const found = segments.filter(({ color }) => met.has(Number(color)))
  return {
    file,
    keys: found.map(({ color }) => Number(color)),
    entries: found.map(({ shape }) => JSON.parse(shape) as Shape)
  }
}

const endingOf = ({ content }: Attachment) =>
  content.bytes !== undefined
    ? Effect.succeed(Names.endingOfBytes(content.bytes))
    : Stream.runHead(content.stream).pipe(
      Effect.map((first) => first._tag === "Some" ? Names.endingOfBytes(first.value) : null)
    )

const counted = (
  lost: ReadonlyArray<readonly [shape: string, label: string, why: string]>
): StoredRecord.Astray["astray"] => {
  const counts = new Map<string, number>()
  for (const one of lost) counts.set(JSON.stringify(one), (counts.get(JSON.stringify(one)) ?? 0) + 1)
  return Array.from(counts, ([key, count]) => {
    const [shape, label, why] = JSON.parse(key) as [string, string, string]
    return [shape, label, why, count]
  })
}

async function* flat<A>(arrays: AsyncIterable<ReadonlyArray<A>>): AsyncGenerator<A> {
  for await (const items of arrays) yield* items
}

const once = <A>(make: () => Promise<A>): () => Promise<A> => {
  let made: Promise<A> | undefined
  return () => made ??= make()
}

const noImage = "its image is not known"
const noMask = "its mask was not exported"
