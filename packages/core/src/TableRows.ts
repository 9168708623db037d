/**
 * The rows of `jobs` and `attachments` that a fetched job gives, the same for every sink that has these tables. The rows
 * of `annotations` come from the document itself, by `ResultDocument`.
 */
import type { AttachmentRow, JobRow } from "./AnnotationModel.ts"
import type { AttachmentRecord, JobRecord, Receipt, StoredJob } from "./JobSink.ts"
import * as UnsignedUrl from "./UnsignedUrl.ts"

/** The row of `jobs`, for a document that gave so many rows of `annotations`. Counts are as the platform sends them. */
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
    bytes: record.document.size
  }
}

/** What a row of `jobs` says of its job, for a sink that replays what it has stored: the way back from {@link jobRow}. */
export const storedJob = (
  row: Omit<JobRow, "bytes">
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

/** The row of `attachments` for one nested file; `path` is where the sink keeps it as a file, null elsewhere. */
export const attachmentRow = (
  record: JobRecord,
  { content, ref }: AttachmentRecord,
  path: string | null
): AttachmentRow => ({
  batch_id: record.batchId,
  job_id: record.jobId,
  attachment_index: ref.index,
  role: ref.role,
  frame_id: ref.frameId,
  url: UnsignedUrl.strip(ref.url),
  revision: content.sha256,
  bytes: content.size,
  media_type: content.mediaType ?? "",
  path
})

/** What a commit answers for a record that is stored whole. */
export const receiptOf = (record: JobRecord): Receipt => ({
  batchId: record.batchId,
  jobId: record.jobId,
  revision: { document: record.revision.document, attachments: record.revision.attachments },
  bytes: record.attachments.reduce((sum, { content }) => sum + content.size, record.document.size)
})
