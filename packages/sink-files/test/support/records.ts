/** Jobs made by hand, with contents in memory, in a spool file or as a stream. */
import type { Content, JobSink } from "@labelstream/core/sink"
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

/** A nested file of a job to be made. */
export interface Nested {
  readonly text: string
  readonly frameId?: string | null
  readonly role?: JobSink.AttachmentRecord["ref"]["role"]
  readonly url?: string
}

/** A job to be made. */
export interface Sketch {
  readonly job: string
  readonly batch?: string
  readonly project?: string
  readonly text?: string
  readonly document?: Content.Content
  readonly nested?: ReadonlyArray<Nested>
  readonly url?: string
  readonly sizes?: JobSink.JobRecord["sizes"]
}

/** A record as the engine hands it over. */
export const record = (sketch: Sketch): JobSink.JobRecord => {
  const { batch = "batch-1", job, nested = [], project = "project-1" } = sketch
  const document = sketch.document ?? content(sketch.text ?? JSON.stringify({ data: { job } }))
  const attachments = nested.map(({ frameId = null, role = "mask", text, url }, index): JobSink.AttachmentRecord => ({
    ref: {
      index,
      role,
      frameId,
      sensorId: null,
      url: url ?? `https://files.example/${index}.png`,
      sourcePath: `/data/${index}`
    },
    content: content(text, "image/png")
  }))
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
      frames: null,
      annotations: null,
      tag: null,
      priorityWeight: null
    },
    result: {
      jobId: job,
      referenceId: `ref-${job}`,
      batchId: batch,
      status: "completed",
      workFlowId: null,
      tag: null,
      priorityWeight: null,
      result: sketch.url ?? `https://files.example/${encodeURIComponent(job.toWellFormed())}.json`
    },
    document,
    parsed: {
      resultType: "unknown",
      wrapped: true,
      attachments: attachments.map(({ ref }) => ref),
      media: () => Stream.empty,
      rows: () => Stream.empty
    },
    attachments,
    sizes: sketch.sizes ?? new Map(),
    revision: {
      document: document.sha256,
      attachments: attachments.length === 0 ? "" : sha256(attachments.map(({ content }) => content.sha256).join(""))
    }
  }
}
