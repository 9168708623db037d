/**
 * Writes the parts of a job that a dataset needs into the staging folder: its rows as samples, and its masks and inputs.
 * Masks are read here once, so that the record says which of them cannot be read.
 */
import { type AnnotationModel, type JobSink, PathName, TableRows } from "@labelstream/core/sink"
import { Cursor, type Failure, Files, type Fs, SortedLines, StagedContent } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { hash } from "node:crypto"
import { join } from "node:path"
import * as CocoDocument from "../CocoDocument.ts"
import * as Loss from "../Loss.ts"
import type { Shape } from "../Sample.ts"
import type { Needs, Place } from "./place.ts"
import { shapeText } from "./shapeText.ts"
import * as Media from "./stageMedia.ts"
import type { RecordWriter } from "./store/recordFile.ts"
import * as StoredRecord from "./store/StoredRecord.ts"

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
    ...wanted.filter((attachment) => !Media.isMask(attachment)).map((attachment) => ({
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
  const addFile: Media.AddFile = async (name, bytes) => {
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

/** The line of annotations that are on no sample, if there are any. */
function* astrayLine(tally: Loss.Tally): Generator<string> {
  const astray = StoredRecord.astrayOf(tally)
  if (astray.length > 0) yield JSON.stringify({ astray } satisfies StoredRecord.Astray)
}

function* cocoLines({ inputs, problems }: CocoDocument.Read): Generator<string> {
  for (const at of inputs.keys()) yield JSON.stringify({ coco: 0, at } satisfies StoredRecord.CocoSample)
  const astray = Loss.tally()
  for (const { reason } of problems) astray.add("unknown", "", Loss.dropped(reason))
  yield* astrayLine(astray)
}

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
  files: ReadonlyArray<Media.Attachment>,
  addFile: Media.AddFile
) {
  const media = (yield* Stream.runCollect(TableRows.mediaRows(record))).flat()
  const byIndex = new Map(files.map((file) => [file.ref.index, file]))
  const storedAt = new Map(files.filter((file) => !Media.isMask(file)).map((file, index) => [file, index]))
  const masks = Media.masksByMedia(media, files)
  const endings = new Map<number, string | null>()
  for (const row of media) {
    const input = row.attachment_index === null ? undefined : byIndex.get(row.attachment_index)
    if (input !== undefined) endings.set(row.media_index, yield* Media.endingOf(input))
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
    const sorted = new Cursor(sorter.sorted(), (line: SortedLines.Keyed) => line)
    /** Takes the shapes of an input. Legends of a job with several masks are of no input: they come first. */
    const take = async (index: number) => {
      const key = padded(index)
      const found: Taken = { shapes: [], segments: [] }
      while (sorted.head?.key.startsWith(key) === true) {
        const { line } = sorted.head
        const [color, shape] = [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]
        if (color === "") found.shapes.push(shape)
        else found.segments.push({ color, shape })
        if (!sorted.step()) await sorted.advance()
      }
      return found
    }
    try {
      await sorted.advance()
      const loose = await take(nowhere)
      for (const row of media) {
        const taken = await take(row.media_index)
        yield await sampleLine(row, taken, loose.segments)
      }
      // Masks of no input are not stored, but a job whose bytes cannot be read must fail.
      const used = new Set(masks.values())
      for (const file of files) if (Media.isMask(file) && !used.has(file)) await StagedContent.collect(file.content)
      const astray = Loss.tally()
      const lose = (text: string, why: string) => {
        const { label, type } = JSON.parse(text) as Shape
        astray.add(type, label, Loss.dropped(why))
      }
      for (const shape of loose.shapes) lose(shape, noImage)
      if (masks.size === 0 && !files.some(Media.isCloud)) {
        for (const { shape } of loose.segments) lose(shape, noMask)
      }
      yield* astrayLine(astray)
    } finally {
      await sorted.close()
    }
  }
  const sampleLine = async (
    row: AnnotationModel.MediaRow,
    { segments, shapes }: Taken,
    ofJob: ReadonlyArray<Media.Segment>
  ) => {
    const { frame_id, frame_index, height, kind, media_index, url, width } = row
    const picture = masks.get(media_index)
    const legend = picture === undefined ? segments : [...ofJob, ...segments]
    const mask = picture === undefined ? undefined : await Media.maskOf(picture, legend, addFile)
    const input = row.attachment_index === null ? undefined : byIndex.get(row.attachment_index)
    const points = input === undefined || !Media.isCloud(input)
      ? undefined
      : await Media.cloudOf(input, storedAt.get(input)!, [...ofJob, ...segments])
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
  readonly segments: Array<Media.Segment>
}

/** A media index of no input: before all others. */
const nowhere = -1

/** Sorts as the numbers do from -1 on. */
const padded = (index: number): string => String(index + 1).padStart(10, "0")

const noImage = "its image is not known"
const noMask = "its mask was not exported"
