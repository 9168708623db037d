/** Jobs made by hand, with rows and contents as a test asks for them. */
import { AnnotationModel, type Content, type JobSink, ResultDocument, Table } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"

export const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex")

/** Content in memory. */
export const content = (text: string | Uint8Array, mediaType: string | null = "application/json"): Content.Content => {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text
  return {
    size: bytes.length,
    sha256: sha256(bytes),
    mediaType,
    bytes,
    path: undefined,
    stream: Stream.make(bytes),
    collect: Effect.succeed(bytes)
  }
}

/** Content that only streams, and cannot be had whole. */
export const streamed = (chunks: ReadonlyArray<Uint8Array>): Content.Content => ({
  ...content(Buffer.concat(chunks)),
  bytes: undefined,
  stream: Stream.fromIterable(chunks).pipe(Stream.rechunk(1)),
  collect: Effect.die("a large document is not collected")
})

/** One annotation's row. Values may be of any type, as a broken decoder would give them. */
export const row = (fields: { readonly [K in keyof AnnotationModel.AnnotationRow]?: unknown }) => ({
  ...Table.nulls(AnnotationModel.tables.annotations),
  batch_id: "",
  job_id: "",
  annotation_index: 0,
  type: "rectangle",
  label: "",
  x_min: 0.25,
  y_min: 0.5,
  x_max: 0.75,
  y_max: 1,
  geometry: "[[0.25,0.5],[0.75,1]]",
  attributes: "{}",
  source_path: "",
  ...fields
} as AnnotationModel.AnnotationRow)

/** A job to be made. */
export interface Sketch {
  readonly job: string
  readonly batch?: string
  readonly project?: string
  readonly labels?: ReadonlyArray<string>
  readonly rows?: ReadonlyArray<AnnotationModel.AnnotationRow>
  readonly problems?: ReadonlyArray<ResultDocument.Problem>
  readonly text?: string
  readonly document?: Content.Content
  readonly parsed?: ResultDocument.ResultDocument
  readonly nested?: ReadonlyArray<string | Content.Content>
  readonly url?: string
  /** What is special of each media row. */
  readonly media?: ReadonlyArray<Partial<AnnotationModel.MediaRow>>
  readonly sizes?: JobSink.JobRecord["sizes"]
  readonly summary?: Partial<JobSink.JobRecord["summary"]>
}

/** One input's row, as a document gives it. */
export const mediaRow = (
  batch_id: string,
  job_id: string,
  media_index: number,
  special: Partial<AnnotationModel.MediaRow> = {}
): AnnotationModel.MediaRow => ({
  ...Table.nulls(AnnotationModel.tables.media),
  batch_id,
  job_id,
  media_index,
  kind: "image",
  url: `https://inputs.example/${media_index}.jpg`,
  ...special
})

/** A record as the engine hands it over. */
export const record = (sketch: Sketch): JobSink.JobRecord => {
  const { batch = "batch-1", job, labels = ["car"], nested = [], problems = [], project = "project-1" } = sketch
  const document = sketch.document ?? content(sketch.text ?? JSON.stringify({ data: { job, labels } }))
  const rows = sketch.rows ??
    labels.map((label, index) => row({ annotation_index: index, label, source_path: `/data/labels/${index}` }))
  const attachments = nested.map((bytes, index): JobSink.AttachmentRecord => ({
    ref: {
      index,
      role: "mask",
      frameId: `f${index}`,
      sensorId: null,
      url: sketch.url ?? `https://files.example/${index}.png`,
      sourcePath: `/data/${index}`
    },
    content: typeof bytes === "string" ? content(bytes, "image/png") : bytes
  }))
  const media = (sketch.media ?? []).map((special, index) => mediaRow(batch, job, index, special))
  return {
    position: 0,
    load: 0,
    projectId: project,
    batchId: batch,
    jobId: job,
    summary: {
      id: job,
      referenceId: `ref-${job}`,
      status: "completed",
      frames: 1,
      annotations: null,
      tag: null,
      priorityWeight: null,
      ...sketch.summary
    },
    result: {
      jobId: job,
      referenceId: `ref-${job}`,
      batchId: batch,
      status: "completed",
      workFlowId: "flow",
      tag: null,
      priorityWeight: null,
      result: sketch.url ?? "https://files.example/result.json"
    },
    document,
    parsed: sketch.parsed ?? {
      resultType: "image_annotation",
      wrapped: true,
      attachments: attachments.map(({ ref }) => ref),
      media: () => media.length === 0 ? Stream.empty : Stream.make(media),
      rows: () => Stream.fromIterable(rows.length + problems.length === 0 ? [] : [{ rows, problems }])
    },
    attachments,
    sizes: sketch.sizes ?? new Map(),
    revision: {
      document: document.sha256,
      attachments: attachments.length === 0 ? "" : sha256(attachments.map(({ content }) => content.sha256).join(""))
    }
  }
}

/** A record of a real document, read as the engine reads it. */
export const read = (job: string, document: Content.Content, parseLimit?: number) =>
  Effect.map(
    ResultDocument.open(document, parseLimit === undefined ? {} : { parseLimit }),
    (parsed) => record({ job, document, parsed })
  )
