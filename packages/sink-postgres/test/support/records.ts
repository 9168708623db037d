/** Jobs made by hand, with rows that say who wrote them. */
import { AnnotationModel, type JobSink, Table } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"

const nulls = Table.nulls(AnnotationModel.tables.annotations)

/** A job with so many annotations of a class. The class and their number make the document, and so the revision. */
export const record = (jobId: string, label = "car", annotations = 2): JobSink.JobRecord => {
  const bytes = new TextEncoder().encode(JSON.stringify({ jobId, label, annotations }))
  const sha256 = createHash("sha256").update(bytes).digest("hex")
  const batchId = "batch-1"
  const common = { referenceId: `ref-${jobId}`, status: "completed", tag: null, priorityWeight: null }
  const rows = Array.from({ length: annotations }, (_, index): AnnotationModel.AnnotationRow => ({
    ...nulls,
    batch_id: batchId,
    job_id: jobId,
    annotation_index: index,
    type: "rectangle",
    label,
    geometry: "[[0,0],[0.5,0.5]]",
    attributes: "{}",
    source_path: `/data/annotations/${index}`
  }))
  return {
    position: 0,
    load: 0,
    projectId: "project-1",
    batchId,
    jobId,
    summary: { id: jobId, frames: null, annotations: null, ...common },
    result: { jobId, batchId, workFlowId: null, result: `https://files.example/${jobId}.json`, ...common },
    document: {
      size: bytes.length,
      sha256,
      mediaType: "application/json",
      bytes,
      path: undefined,
      stream: Stream.make(bytes),
      collect: Effect.succeed(bytes)
    },
    parsed: {
      resultType: "image_annotation",
      wrapped: true,
      attachments: [],
      inputs: [],
      media: () => Stream.empty,
      rows: () => Stream.make({ rows, problems: [] })
    },
    attachments: [],
    sizes: new Map(),
    revision: { document: sha256, attachments: "" }
  }
}
