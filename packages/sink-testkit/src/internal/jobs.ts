/** Jobs to be stored, each with what a reader must find of it afterwards. */
import { type AnnotationModel, type Content, type JobSink, ResultDocument, TableRows } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { inMemory, sha256, utf8 } from "./contents.ts"

/** Makes the content that a record has of some bytes. */
export type Hold = (bytes: Uint8Array, mediaType: string | null) => Content.Content

/** A job to be made. */
export interface Sketch {
  readonly job: string
  readonly batch?: string
  /** The result document: text as it is, anything else as JSON. */
  readonly document: unknown
  /** Contents of the files that the document names, in order; any that it does not name are listed as masks. */
  readonly files?: ReadonlyArray<string | Uint8Array>
  /** How the contents are held. Default: in memory. */
  readonly hold?: Hold
  /** How the contents of files are held. Default: as the document. */
  readonly holdFiles?: Hold
  /** Added to the URLs of the result and of its files. */
  readonly query?: string
}

/** A record, and what must be read back when it is stored. */
export interface TestJob {
  readonly record: JobSink.JobRecord
  readonly document: Uint8Array
  readonly attachments: ReadonlyArray<Uint8Array>
  readonly rows: ReadonlyArray<AnnotationModel.AnnotationRow>
  readonly media: ReadonlyArray<AnnotationModel.MediaRow>
}

/** The size of every other input is known, so that both kinds of row are stored. */
const sizeOf = (index: number): JobSink.Size | undefined =>
  index % 2 === 0 ? { width: 1920 + index, height: 1080 } : undefined

const toBytes = (of: unknown): Uint8Array =>
  of instanceof Uint8Array ? of : utf8(typeof of === "string" ? of : JSON.stringify(of))

/** Makes a job as the engine would. */
export const job = (sketch: Sketch): Effect.Effect<TestJob> =>
  Effect.gen(function*() {
    const { batch: batchId = "batch-1", files = [], hold = inMemory, job: jobId, query = "" } = sketch
    const { holdFiles = hold } = sketch
    const document = toBytes(sketch.document)
    const content = hold(document, "application/json")
    const parsed = yield* ResultDocument.open(inMemory(document, "application/json"))
    const inputs = (yield* Stream.runCollect(parsed.media({ batchId, jobId }))).flat()
    const decoded = yield* Stream.runCollect(parsed.rows({ batchId, jobId }))
    // As in the engine, rows are read from the content: as slowly as the content comes, and not at all if it fails.
    const read: ResultDocument.ResultDocument = hold === inMemory ? parsed : {
      ...parsed,
      rows: (ids) => Stream.concat(Stream.drain(content.stream), parsed.rows(ids))
    }
    const attachments = files.map((file, index): JobSink.AttachmentRecord => ({
      ref: {
        index,
        role: parsed.attachments[index]?.role ?? "mask",
        frameId: parsed.attachments[index]?.frameId ?? null,
        sensorId: parsed.attachments[index]?.sensorId ?? null,
        url: (parsed.attachments[index]?.url ?? `https://files.example/${index}.png`) + query,
        sourcePath: parsed.attachments[index]?.sourcePath ?? `/files/${index}`
      },
      content: holdFiles(toBytes(file), "image/png")
    }))
    const record: JobSink.JobRecord = {
      position: 0,
      load: 0,
      projectId: "project-1",
      batchId,
      jobId,
      summary: {
        id: jobId,
        referenceId: "reference-1",
        status: "completed",
        frames: 1,
        annotations: null,
        tag: null,
        priorityWeight: null
      },
      result: {
        jobId,
        referenceId: "reference-1",
        batchId,
        status: "completed",
        workFlowId: null,
        tag: null,
        priorityWeight: null,
        result: `https://files.example/result.json${query}`
      },
      document: content,
      parsed: read,
      attachments,
      sizes: new Map(inputs.flatMap(({ media_index }) => {
        const size = sizeOf(media_index)
        return size === undefined ? [] : [[media_index, size]]
      })),
      revision: {
        document: sha256(document),
        attachments: files.length === 0 ? "" : sha256(attachments.map((file) => file.content.sha256).join(""))
      }
    }
    return {
      record,
      document,
      attachments: files.map(toBytes),
      rows: decoded.flatMap(({ rows }) => rows),
      media: (yield* Stream.runCollect(TableRows.mediaRows(record))).flat()
    }
  }).pipe(Effect.orDie)

/** The job with an input besides, as one that is fetched again with its inputs: its revision is the same. */
export const withInput = (of: TestJob): TestJob => {
  const bytes = utf8(`input of ${of.record.jobId}`)
  const input: JobSink.AttachmentRecord = {
    ref: {
      index: of.attachments.length,
      role: "input",
      frameId: null,
      sensorId: null,
      url: "https://inputs.example/image.jpg",
      sourcePath: "/data/image_url"
    },
    content: inMemory(bytes, "image/jpeg")
  }
  return {
    ...of,
    record: { ...of.record, attachments: [...of.record.attachments, input] },
    attachments: [...of.attachments, bytes]
  }
}

export const jobs = (sketches: ReadonlyArray<Sketch>): Effect.Effect<ReadonlyArray<TestJob>> =>
  Effect.forEach(sketches, job)

/** Small jobs of two batches, different for each `revision`; every third has files, some of them fewer in even revisions. */
export const plain = (count: number, revision = 0, from = 0): ReadonlyArray<Sketch> =>
  Array.from({ length: count }, (_, index) => {
    const id = from + index
    const files = id % 3 === 0 ? Array.from({ length: revision % 2 === 0 ? 2 : 1 }, (_, n) => `mask ${n} of ${id}`) : []
    return {
      job: `job-${id}`,
      batch: id % 4 === 3 ? "batch-2" : "batch-1",
      document: {
        data: {
          annotations: {
            rectangles: [{
              _id: `a-${id}`,
              label: `Car ${revision}`,
              attributes: {},
              coordinates: [{ x: 0.1, y: 0.2 }, { x: 0.3, y: 0.2 }, { x: 0.3, y: 0.4 }, { x: 0.1, y: 0.4 }]
            }]
          },
          image_url: "https://inputs.example/image.jpg"
        }
      },
      files: files.map((text) => `${text}, revision ${revision}`)
    }
  })

/** Records in an order, each time as another run would bring them. */
export const recordsOf = (of: ReadonlyArray<TestJob>): ReadonlyArray<JobSink.JobRecord> => {
  const load = ++loads
  return of.map(({ record }, position) => ({ ...record, position, load }))
}

/** What a sink stores of a job's content must not depend on this. */
let loads = 1_700_000_000_000_000

const keyOf = (of: { readonly batchId: string; readonly jobId: string }): string =>
  JSON.stringify([of.batchId, of.jobId])

/** What a sink holds after these batches: the latest revision of each job, or every one if it appends. */
export const after = (keying: JobSink.Capabilities["keying"], batches: ReadonlyArray<ReadonlyArray<TestJob>>) =>
  keying === "upsert" ? latest(...batches) : batches.flat()

/** The jobs after further ones were stored: the latest of each. */
export const latest = (...parts: ReadonlyArray<ReadonlyArray<TestJob>>): ReadonlyArray<TestJob> => [
  ...new Map(parts.flat().map((of) => [keyOf(of.record), of])).values()
]

export { keyOf }
