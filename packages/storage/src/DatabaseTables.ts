/**
 * The tables of a sink that stores in a database: those of the model, and the sink's own. The key of each begins with
 * the key of `jobs`.
 */
import { AnnotationModel, Table } from "@labelstream/core/sink"

const { int32, int64, keyFields, make, text } = Table
const { annotations, attachments, jobs, media } = AnnotationModel.tables

const documents = make({
  description: "result documents as they came; chunks in order, each of up to 4 MiB before compression",
  columns: {
    ...keyFields(jobs),
    chunk: int32("0 alone for most"),
    codec: text("zstd or none"),
    bytes: Table.bytes()
  },
  key: [...jobs.key, "chunk"]
})

const files = make({
  description: "bytes of attachments, in chunks as documents",
  columns: { ...keyFields(attachments), chunk: int32(), codec: text("zstd or none"), bytes: Table.bytes() },
  key: [...attachments.key, "chunk"]
})

const problems = make({
  description: "annotations that gave no row, and values that could not be stored as they are",
  columns: {
    ...keyFields(jobs),
    problem_index: int32(),
    path: text("JSON pointer into the document, or the name of a field of the listing or of the job"),
    reason: text()
  },
  key: [...jobs.key, "problem_index"]
})

const receipts = make({
  description: "what was committed for each job, to check the other tables against",
  columns: {
    ...keyFields(jobs),
    attachments_revision: text("sha256 over those of the attachments"),
    bytes: int64("document and attachments together"),
    media_rows: int32(),
    attachment_rows: int32(),
    problem_rows: int32(),
    document_kept: int32("1: its bytes are in documents"),
    files_kept: int32("1: the attachments' bytes are in files")
  },
  key: jobs.key
})

/** All tables that hold rows of jobs, in the order in which they are made. */
export const tables = { jobs, annotations, media, attachments, documents, files, problems, receipts }

export type TableName = keyof typeof tables

export const tableNames = Object.keys(tables) as ReadonlyArray<TableName>

/** The columns that name a job, in every table. */
export const jobKey: ReadonlyArray<string> = jobs.key

/** The ids of a job as they are stored. */
export type Key = Pick<AnnotationModel.JobRow, (typeof jobs.key)[number]>

export type Receipt = Table.RowOf<typeof receipts>
export type Chunk = Pick<Table.RowOf<typeof documents>, "chunk" | "codec" | "bytes">
