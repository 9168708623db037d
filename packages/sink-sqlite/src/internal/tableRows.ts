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

const isInt32 = (value: number): boolean => (value | 0) === value

/** Names what of the listing has no place in its column. The platform's counts are numbers of any kind. */
export const misfits = (record: JobSink.JobRecord): ReadonlyArray<string> => {
  const { annotations, frames, priorityWeight } = record.summary
  const counts = { frames, annotations, priority_weight: record.result.priorityWeight ?? priorityWeight }
  return Object.entries(counts).filter(([, count]) => count !== null && !isInt32(count)).map(([name]) => name)
}

const int32 = (value: number | null): number | null => value !== null && isInt32(value) ? value : null

/** The row of `jobs`. */
export const jobRow = (record: JobSink.JobRecord, key: Key, annotationRows: number): AnnotationModel.JobRow => {
  const row = TableRows.jobRow(record, annotationRows)
  return {
    ...row,
    project_id: encodeId(record.projectId),
    batch_id: key.batch,
    job_id: key.job,
    frames: int32(row.frames),
    annotations: int32(row.annotations),
    priority_weight: int32(row.priority_weight)
  }
}

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
