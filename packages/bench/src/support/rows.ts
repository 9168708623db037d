/** Jobs with annotation rows made from their numbers, for benchmarks of sinks alone. */
import { AnnotationModel, type JobSink } from "@labelstream/core"
import { Table } from "@labelstream/core/sink"
import * as Stream from "effect/Stream"
import { hash } from "node:crypto"
import { content } from "./samples.ts"

/** Annotation rows of each job. */
export const rowsPerJob = 50

const batchId = "batch-1"
const labels = ["car", "truck", "pedestrian", "bicycle", "pole", "traffic light"]

/** Columns of the table of annotations. */
export const columns = AnnotationModel.tables.annotations.columns

const nulls = Table.nulls(AnnotationModel.tables.annotations)

let seed = 1
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647

const rowsOf = (jobId: string, number: number): ReadonlyArray<AnnotationModel.AnnotationRow> => {
  seed = number + 1
  return Array.from({ length: rowsPerJob }, (_, index) => {
    const [x, y, width, height] = [random(), random(), random() / 5, random() / 5]
    return {
      ...nulls,
      batch_id: batchId,
      job_id: jobId,
      annotation_index: index,
      annotation_id: `${jobId}-${(random() * 1e9).toFixed(0)}`,
      type: "rectangle",
      label: labels[index % labels.length]!,
      x_min: x,
      y_min: y,
      x_max: x + width,
      y_max: y + height,
      geometry: JSON.stringify([[x, y], [x + width, y + height]]),
      attributes: `{"occluded":"${random() > 0.5 ? "yes" : "no"}"}`,
      source_path: `/data/annotations/rectangles/${index}`
    }
  })
}

/** A job with its rows, made before they are asked for. */
export interface MadeJob {
  readonly record: JobSink.JobRecord
  readonly rows: ReadonlyArray<AnnotationModel.AnnotationRow>
}

const makeJob = (number: number): MadeJob => {
  // Ids of the platform come in no order.
  const jobId = hash("sha1", String(number)).slice(0, 32)
  const rows = rowsOf(jobId, number)
  const document = content(Buffer.from(JSON.stringify({ number })))
  const result = `https://files.example/${jobId}.json`
  const common = { referenceId: `ref-${number}`, status: "completed", tag: null, priorityWeight: null }
  return {
    rows,
    record: {
      position: number,
      load: 0,
      projectId: "project-1",
      batchId,
      jobId,
      summary: { id: jobId, frames: 1, annotations: rowsPerJob, ...common },
      result: { jobId, batchId, workFlowId: null, result, ...common },
      document,
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
      revision: { document: document.sha256, attachments: "" }
    }
  }
}

/** Makes jobs batch by batch. */
export function* batches(jobs: number, perBatch: number): Generator<ReadonlyArray<MadeJob>> {
  for (let at = 0; at < jobs; at += perBatch) {
    yield Array.from({ length: Math.min(perBatch, jobs - at) }, (_, index) => makeJob(at + index))
  }
}
