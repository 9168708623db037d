/**
 * Writes the parts of a job that a dataset needs into the staging folder: its rows as samples, and its masks and inputs.
 * Masks are read here once, so that the record says which of them cannot be read.
 */
import { type AnnotationModel, type JobSink, PathName, TableRows } from "@labelstream/core/sink"
import { type Failure, Files, type Fs, SortedLines, StagedContent } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { hash } from "node:crypto"
import { join } from "node:path"
import * as CocoDocument from "../CocoDocument.ts"
import { DatasetError } from "../DatasetError.ts"
import * as Legend from "../Legend.ts"
import * as Names from "../Names.ts"
import type { Shape } from "../Sample.ts"
import * as LabeledCloud from "./labeledCloud.ts"
import type { Needs, Place } from "./place.ts"
import { shapeText } from "./shapeText.ts"
import type { RecordWriter } from "./store/recordFile.ts"
import type * as StoredRecord from "./store/StoredRecord.ts"

/** A job whose files lie in the staging folder of its token, from `<number>.1` on, and whose record has been written. */
export interface Staged {
  readonly number: number
  readonly job: Omit<StoredRecord.StoredJob, "record">
  readonly span: StoredRecord.Span
  readonly receipt: JobSink.Receipt
}

/** Where a job is staged. */
export interface Staging {
  readonly folder: string
  readonly number: number
  readonly writer: RecordWriter
}

/** Files written at the same time for one job. */
const filesAtOnce = 4

/** A COCO document is parsed as a whole: one above this many bytes counts as a document of unknown shape. */
const largestCoco = 64 * 1024 * 1024

/** Writes the record of a job, and its files. */
export const stageRecord = Effect.fnUntraced(function*(
  place: Place,
  attempt: Failure.Attempt,
  { kind, ...needs }: Needs & { readonly kind: "image" | "point_cloud" },
  { folder, number, writer }: Staging,
  record: JobSink.JobRecord
) {
  const where: Failure.Where = { step: "stage", batchId: record.batchId, jobId: record.jobId }
  const unreadable = (cause: unknown) => attempt(where, () => Promise.reject(StagedContent.unreadable(cause)))
  const staged = (file: number) => join(folder, `${number}.${file}`)
  const coco = yield* cocoOf(record).pipe(Effect.catchTag("ContentError", unreadable))
  const roles = { mask: needs.masks && kind === "image", cloud: needs.masks && kind === "point_cloud" }
  const wanted = record.attachments.filter(({ ref: { role } }) =>
    role === "input" ? needs.inputs : role === "mask" ? roles.mask : role === "point_cloud" && roles.cloud
  )
  const contents = [
    ...coco === undefined ? [] : [{ name: "coco.json", content: record.document }],
    // A mask is stored as runs, when it has been read.
    ...wanted.filter((attachment) => !isMask(attachment)).map((attachment) => ({
      name: PathName.nested(attachment),
      content: attachment.content
    }))
  ]
  yield* Effect.forEach(
    contents,
    ({ content }, index) => StagedContent.write(place, attempt, staged(index + 1), content, where),
    { concurrency: filesAtOnce, discard: true }
  )
  const files = contents.map(({ content: { sha256, size }, name }): StoredRecord.StoredFile => ({ name, size, sha256 }))
  const addFile = async (name: string, bytes: Uint8Array): Promise<number> => {
    await Files.writeNew(place.fs, staged(files.length + 1), bytes)
    return files.push({ name, size: bytes.length, sha256: hash("sha256", bytes) }) - 1
  }
  const scratch = join(folder, `${number}.sort`)
  const lines = coco === undefined
    ? yield* samplesOf(place.fs, attempt, where, scratch, record, wanted, addFile).pipe(
      Effect.catchTag("ContentError", unreadable)
    )
    : cocoLines(coco)
  const span = yield* attempt(where, () => writer.add(lines))
  const receipt = TableRows.receiptOf(record)
  const job = {
    path: `${PathName.fromId(record.batchId)}/${PathName.fromId(record.jobId)}`,
    project: record.projectId,
    job: jobOf(record),
    revision: receipt.revision,
    bytes: receipt.bytes,
    made: needs,
    files
  }
  return { number, job, span, receipt } satisfies Staged
})

const jobOf = ({ batchId, jobId, result, summary }: JobSink.JobRecord) => ({
  batchId,
  jobId,
  referenceId: summary.referenceId ?? result.referenceId ?? ""
})

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
 * lie in the folder `scratch`, which goes with the staging folder. Of `files`, those that are no masks are stored already.
 */
const samplesOf = Effect.fnUntraced(function*(
  fs: Fs,
  attempt: Failure.Attempt,
  where: Failure.Where,
  scratch: string,
  record: JobSink.JobRecord,
  files: ReadonlyArray<Attachment>,
  addFile: (name: string, bytes: Uint8Array) => Promise<number>
) {
  const media = (yield* Stream.runCollect(TableRows.mediaRows(record))).flat()
  const byIndex = new Map(files.map((file) => [file.ref.index, file]))
  const storedAt = new Map(files.filter((file) => !isMask(file)).map((file, index) => [file, index]))
  const masks = masksByMedia(media, files)
  const endings = new Map<number, string | null>()
  for (const row of media) {
    const input = row.attachment_index === null ? undefined : byIndex.get(row.attachment_index)
    if (input !== undefined) endings.set(row.media_index, yield* endingOf(input))
  }
  const { batchId, jobId } = record
  const sorter = SortedLines.sorter(fs, () => fs.mkdir(scratch).then(() => scratch))
  yield* Stream.runForEach(record.parsed.rows({ batchId, jobId }), ({ rows }) => {
    const spilled = sorter.add(rows.map((row) => ({
      key: `${padded(row.media_index ?? nowhere)}${padded(row.annotation_index)}`,
      // Segments come with their color, by which a mask has them, or with the key that points of a cloud have.
      line: `${row.type === "segment" ? row.label_key ?? row.color ?? "-" : ""} ${shapeText(row)}`
    })))
    return spilled === undefined ? Effect.void : attempt(where, () => spilled)
  })
  async function* lines(): AsyncGenerator<string> {
    const sorted = flat(sorter.sorted())
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
    // Of a file that is of no input nothing is stored, and a job with bytes that cannot be read is none to store.
    const used = new Set(masks.values())
    for (const file of files) if (isMask(file) && !used.has(file)) await StagedContent.collect(file.content)
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
    const picture = masks.get(media_index)
    const legend = picture === undefined ? segments : [...ofJob, ...segments]
    const mask = picture === undefined ? undefined : await maskOf(picture, legend, addFile)
    const input = row.attachment_index === null ? undefined : byIndex.get(row.attachment_index)
    const points = input === undefined || !isCloud(input)
      ? undefined
      : await cloudOf(input, storedAt.get(input)!, [...ofJob, ...segments])
    const read = typeof mask === "object" ? mask : typeof points === "object" ? points : undefined
    // Segments that neither a mask nor a cloud shows stay, to be counted as lost.
    const left = read === undefined ? legend.map(({ shape }) => shape) : []
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
      input: input?.ref.role === "input" ? storedAt.get(input)! : null,
      mask: mask ?? null,
      ...points === undefined ? {} : { points }
    })
    return `${start}\t[${[...shapes, ...left].join(",")}]`
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

/** The mask of each input: that of the input itself, or of its frame, or the only one. */
const masksByMedia = (media: ReadonlyArray<AnnotationModel.MediaRow>, files: ReadonlyArray<Attachment>) => {
  const images = media.filter(({ kind }) => kind === "image")
  const byFile = new Map(images.map((row) => [row.attachment_index, row.media_index]))
  // A mask names its frame alone, and the frame's only image names its sensor, too.
  const alone = [...Map.groupBy(images, ({ frame_id }) => frame_id).values()].filter(({ length }) => length === 1)
    .flat()
  const byFrame = new Map([
    ...alone.map((row) => [JSON.stringify([row.frame_id, null]), row.media_index] as const),
    ...images.map((row) => [JSON.stringify([row.frame_id, row.sensor_id]), row.media_index] as const)
  ])
  const found = new Map<number, Attachment>()
  for (const file of files.filter(isMask)) {
    const { ref } = file
    const index = byFile.get(ref.index) ?? byFrame.get(JSON.stringify([ref.frameId, ref.sensorId])) ??
      byFrame.get(JSON.stringify([ref.frameId, null])) ?? (images.length === 1 ? images[0]!.media_index : undefined)
    if (index !== undefined && !found.has(index)) found.set(index, file)
  }
  return found
}

/** Reads a mask and stores it; returns the reason if it cannot be read. */
const maskOf = async (
  attachment: Attachment,
  segments: Taken["segments"],
  addFile: (name: string, bytes: Uint8Array) => Promise<number>
): Promise<StoredRecord.StoredMask | string> => {
  const legend = segments.map(({ color, shape }) => ({ color, shape: JSON.parse(shape) as Shape }))
  const png = await StagedContent.collect(attachment.content)
  const opened = Effect.runSync(Effect.result(Legend.open(Effect.succeed(png), legend)))
  if (Result.isFailure(opened)) return opened.failure.detail
  const { entries, hasStrays, height, runs, values, width } = opened.success
  const file = await addFile(`${PathName.nested(attachment)}.runs`, runs)
  return { file, width, height, hasStrays, values, entries }
}

const isMask = ({ ref }: Attachment): boolean => ref.role === "mask"

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

const noImage = "its image is not known"
const noMask = "its mask was not exported"
