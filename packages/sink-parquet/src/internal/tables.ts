/**
 * The dataset's tables as Parquet has them: the four of the model, and `contents`, which keeps the bytes that the rows
 * were read from. A column's type decides how it is encoded; two of these decisions keep values that would be lost.
 */
import { AnnotationModel, Table } from "@labelstream/core/sink"
import type { SchemaElement } from "hyparquet"

/** Names of the tables, which are folders of the dataset. A part is published in this order: its jobs come last. */
export const tableNames = ["annotations", "media", "attachments", "contents", "jobs"] as const

export type TableName = typeof tableNames[number]

/** How geometry is stored: as JSON text, or as a nested list of points if it is one. */
export type Geometry = "json" | "points"

/** One column. */
export interface Column extends Omit<Table.Column, "type"> {
  readonly type: Table.ColumnType | "points"
}

/** A row of any table, by column name. */
export type Row = Readonly<Record<string, unknown>>

/** Most bytes of a chunk of a document or file in `contents`. */
export const chunkSize = 1024 * 1024

const { attachment_index, ...ofJob } = Table.keyFields(AnnotationModel.tables.attachments)

const contents = Table.make({
  description: "bytes of documents and files in chunks; those of the document have no attachment_index",
  columns: {
    ...ofJob,
    attachment_index: Table.nullable(attachment_index),
    chunk: Table.int32(),
    bytes: Table.bytes()
  },
  key: [...AnnotationModel.tables.attachments.key, "chunk"]
})

const tables = { ...AnnotationModel.tables, contents }

/** A row of `contents`. */
export type ContentRow = Table.RowOf<typeof contents>

/** The column by which readers look for a job. */
export const jobColumn = AnnotationModel.tables.jobs.key.at(-1)!

/** The column that can hold lists of points instead of JSON. */
const nested: keyof AnnotationModel.AnnotationRow = "geometry"

/** The columns of a table. */
export const columnsOf = (table: TableName, geometry: Geometry): ReadonlyArray<Column> =>
  tables[table].columns.map((column) =>
    column.name === nested && geometry === "points" ? { ...column, type: "points", nullable: true } : column
  )

/**
 * The schema while values are encoded. JSON columns hold text that must not be parsed and printed again: 2^53+1 would not
 * survive that, so the writer takes them for bytes.
 */
export const schemaOf = (columns: ReadonlyArray<Column>): Array<SchemaElement> => [
  { name: "root", num_children: columns.length },
  ...columns.flatMap(elementsOf)
]

/** The schema for the footer, also with the older name for JSON, which DuckDB uses. */
export const footerSchemaOf = (columns: ReadonlyArray<Column>): Array<SchemaElement> =>
  schemaOf(columns).map((element) =>
    element.logical_type?.type === "JSON" ? { ...element, converted_type: "JSON" } : element
  )

const elementsOf = ({ name, nullable, type }: Column): ReadonlyArray<SchemaElement> => {
  const repetition_type = nullable ? "OPTIONAL" : "REQUIRED"
  switch (type) {
    case "text":
      return [{ name, type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" }, repetition_type }]
    case "json":
      return [{ name, type: "BYTE_ARRAY", logical_type: { type: "JSON" }, repetition_type }]
    case "bytes":
      return [{ name, type: "BYTE_ARRAY", repetition_type }]
    case "int32":
      return [{ name, type: "INT32", repetition_type }]
    case "int64":
      return [{ name, type: "INT64", repetition_type }]
    case "double":
      return [{ name, type: "DOUBLE", repetition_type }]
    case "boolean":
      return [{ name, type: "BOOLEAN", repetition_type }]
    case "points": {
      const list = { converted_type: "LIST", logical_type: { type: "LIST" }, num_children: 1 } as const
      const repeated = { name: "list", repetition_type: "REPEATED", num_children: 1 } as const
      return [
        { name, repetition_type, ...list },
        repeated,
        { name: "element", repetition_type: "REQUIRED", ...list },
        repeated,
        { name: "element", type: "DOUBLE", repetition_type: "REQUIRED" }
      ]
    }
  }
}

/**
 * About how many bytes a value takes before it is encoded, above 8. Decides where row groups and parts end: it must not
 * change.
 */
export const weigh = (value: unknown): number => {
  if (typeof value === "string") return value.length
  if (typeof value !== "object" || value === null) return 0
  if (value instanceof Uint8Array) return value.length
  return Array.isArray(value) ? 16 * value.length : 0
}

/** A geometry column's text as points; null if it is not a list of points. */
export const pointsOf = (geometry: string): ReadonlyArray<ReadonlyArray<number>> | null => {
  let value: unknown
  try {
    value = JSON.parse(geometry)
  } catch {
    return null
  }
  return Array.isArray(value) && value.every(isPoint) ? value : null
}

const isPoint = (point: unknown): point is ReadonlyArray<number> =>
  Array.isArray(point) && point.every((number) => typeof number === "number")
