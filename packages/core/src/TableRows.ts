/**
 * The rows of `jobs`, `media`, and `attachments` that a fetched job gives, the same for every sink that has these tables.
 * The rows of `annotations` come from the document itself, by `ResultDocument`.
 */
import * as Stream from "effect/Stream"
import type { AttachmentRow, JobRow, MediaRow } from "./AnnotationModel.ts"
import type { AttachmentRecord, JobRecord, Receipt, Size, StoredJob } from "./JobSink.ts"
import * as PathName from "./PathName.ts"
import * as UnsignedUrl from "./UnsignedUrl.ts"

/** The row of `jobs`, for a document with this many rows of `annotations`. Counts are as the platform sends them. */
export const jobRow = (record: JobRecord, annotationRows: number): JobRow => {
  const { result, summary } = record
  return {
    project_id: record.projectId,
    batch_id: record.batchId,
    job_id: record.jobId,
    reference_id: summary.referenceId ?? result.referenceId ?? "",
    status: summary.status,
    result_type: record.parsed.resultType,
    frames: summary.frames,
    annotations: summary.annotations,
    annotation_rows: annotationRows,
    tag: result.tag ?? summary.tag,
    work_flow_id: result.workFlowId,
    priority_weight: result.priorityWeight ?? summary.priorityWeight,
    result_url: UnsignedUrl.strip(result.result ?? ""),
    revision: record.document.sha256,
    bytes: record.document.size,
    load_id: record.load
  }
}

/** What a row of `jobs` says of its job, for a sink that replays what it has stored: the way back from {@link jobRow}. */
export const storedJob = (
  row: Omit<JobRow, "bytes" | "load_id">
): Pick<StoredJob, "projectId" | "batchId" | "jobId" | "summary" | "result"> => {
  const { annotations, batch_id: batchId, frames, job_id: jobId, priority_weight: priorityWeight, status, tag } = row
  const common = { referenceId: row.reference_id === "" ? null : row.reference_id, status, tag, priorityWeight }
  return {
    projectId: row.project_id,
    batchId,
    jobId,
    summary: { id: jobId, frames, annotations, ...common },
    result: { jobId, batchId, workFlowId: row.work_flow_id, result: row.result_url, ...common }
  }
}

/** The row of `attachments` for one nested file. */
export const attachmentRow = (record: JobRecord, file: AttachmentRecord): AttachmentRow => {
  const { content, ref } = file
  return {
    batch_id: record.batchId,
    job_id: record.jobId,
    attachment_index: ref.index,
    role: ref.role,
    frame_id: ref.frameId,
    url: UnsignedUrl.strip(ref.url),
    revision: content.sha256,
    bytes: content.size,
    media_type: content.mediaType ?? "",
    path: PathName.ofFile(record, file),
    sensor_id: ref.sensorId
  }
}

/** The rows of `media`, with the sizes that are known and the files that were downloaded. In arrays of up to a thousand. */
export const mediaRows = (record: JobRecord): Stream.Stream<ReadonlyArray<MediaRow>> => {
  const stored = new Set(record.attachments.map(({ ref }) => ref.index))
  return Stream.map(record.parsed.media(record), (rows) =>
    rows.map((row) => {
      const size = record.sizes.get(row.media_index)
      return {
        ...row,
        width: size?.width ?? null,
        height: size?.height ?? null,
        attachment_index: row.attachment_index !== null && stored.has(row.attachment_index)
          ? row.attachment_index
          : null
      }
    }))
}

/** The sizes in rows of `media`, for a sink that replays what it has stored. */
export const sizesOf = (
  rows: Iterable<Pick<MediaRow, "media_index" | "width" | "height">>
): JobRecord["sizes"] => {
  const sizes = new Map<number, Size>()
  for (const { height, media_index, width } of rows) {
    if (width !== null && height !== null) sizes.set(media_index, { width, height })
  }
  return sizes
}

/** The receipt of a record that is stored completely. */
export const receiptOf = (record: JobRecord): Receipt => ({
  batchId: record.batchId,
  jobId: record.jobId,
  revision: { document: record.revision.document, attachments: record.revision.attachments },
  bytes: record.attachments.reduce((sum, { content }) => sum + content.size, record.document.size)
})
