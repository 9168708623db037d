/** Jobs made by hand: their rows need not be what a document of theirs would give. */
import { AnnotationModel, type Content, type JobSink, Table } from "@labelstream/core/sink"
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

/** A job to be made. */
export interface Sketch {
  readonly job: string
  readonly batch?: string
  readonly text?: string
  readonly document?: Content.Content
  /** Texts of nested files. */
  readonly nested?: ReadonlyArray<string>
  /** What is special of each annotation row; a number makes that many ordinary ones. */
  readonly rows?: number | ReadonlyArray<Partial<AnnotationModel.AnnotationRow>>
  readonly frames?: number | null
  readonly tag?: string | null
  readonly url?: string
  /** What is special of each media row. */
  readonly media?: ReadonlyArray<Partial<AnnotationModel.MediaRow>>
  readonly sizes?: JobSink.JobRecord["sizes"]
  readonly parsed?: JobSink.JobRecord["parsed"]
}

const labels = ["car", "truck", "Fußgänger", "😀", "", "pole\0"]

/** An annotation row with nothing special. */
export const row = (
  batch_id: string,
  job_id: string,
  index: number,
  special: Partial<AnnotationModel.AnnotationRow> = {}
): AnnotationModel.AnnotationRow => ({
  ...Table.nulls(AnnotationModel.tables.annotations),
  batch_id,
  job_id,
  annotation_index: index,
  annotation_id: `id-${index}`,
  type: "rectangle",
  label: labels[index % labels.length]!,
  x_min: index / 1000,
  y_min: 0,
  x_max: 1,
  y_max: 0.5,
  geometry: `[[${index / 1000},0],[1,0.5]]`,
  attributes: "{}",
  source_path: `/data/annotations/rectangles/${index}`,
  ...special
})

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
  const { batch = "batch-1", frames = null, job, nested = [], rows = 3, tag = null } = sketch
  const document = sketch.document ?? content(sketch.text ?? JSON.stringify({ data: { job } }))
  const attachments = nested.map((text, index): JobSink.AttachmentRecord => ({
    ref: {
      index,
      role: "mask",
      frameId: null,
      sensorId: null,
      url: `https://files.example/${index}.png`,
      sourcePath: `/data/${index}`
    },
    content: content(text, "image/png")
  }))
  const made = (typeof rows === "number" ? Array.from({ length: rows }, () => ({})) : rows).map((special, index) =>
    row(batch, job, index, special)
  )
  const media = (sketch.media ?? []).map((special, index) => mediaRow(batch, job, index, special))
  return {
    position: 0,
    load: 0,
    projectId: "project-1",
    batchId: batch,
    jobId: job,
    summary: {
      id: job,
      referenceId: `ref-${job}`,
      status: "completed",
      frames,
      annotations: null,
      tag,
      priorityWeight: null
    },
    result: {
      jobId: job,
      referenceId: `ref-${job}`,
      batchId: batch,
      status: "completed",
      workFlowId: null,
      tag,
      priorityWeight: null,
      result: sketch.url ?? `https://files.example/${encodeURIComponent(job.toWellFormed())}.json`
    },
    document,
    parsed: sketch.parsed ?? {
      resultType: "image_annotation",
      wrapped: true,
      attachments: attachments.map(({ ref }) => ref),
      media: () => media.length === 0 ? Stream.empty : Stream.make(media),
      rows: () => made.length === 0 ? Stream.empty : Stream.make({ rows: made, problems: [] })
    },
    attachments,
    sizes: sketch.sizes ?? new Map(),
    revision: {
      document: document.sha256,
      attachments: attachments.length === 0 ? "" : sha256(attachments.map(({ content }) => content.sha256).join(""))
    }
  }
}

/** Ordinary jobs, numbered. */
export const jobs = (from: number, to: number, rows = 3, batch = "batch-1"): ReadonlyArray<JobSink.JobRecord> =>
  Array.from(
    { length: to - from },
    (_, index) => record({ job: `job-${String(from + index).padStart(5, "0")}`, batch, rows })
  )
