/** The rows of `jobs` and `attachments` that a record gives, as SQLite can hold them. */
import { type AnnotationModel, type JobSink, TableRows } from "@labelstream/core"
import { encodeId } from "./ids.ts"

/** Where the rows of a job stand: its ids as stored. */
export interface Key {
  readonly batch: string
  readonly job: string
}

export const keyOf = (ids: { readonly batchId: string; readonly jobId: string }): Key => ({
  batch: encodeId(ids.batchId),
  job: encodeId(ids.jobId)
})

/** The row of `jobs`. */
export const jobRow = (record: JobSink.JobRecord, key: Key, annotationRows: number): AnnotationModel.JobRow => ({
  ...TableRows.jobRow(record, annotationRows),
  project_id: encodeId(record.projectId),
  batch_id: key.batch,
  job_id: key.job
})

/** The row of `attachments`. */
export const attachmentRow = (
  record: JobSink.JobRecord,
  attachment: JobSink.AttachmentRecord,
  key: Key
): AnnotationModel.AttachmentRow => ({
  ...TableRows.attachmentRow(record, attachment, null),
  batch_id: key.batch,
  job_id: key.job
})
