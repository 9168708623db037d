/** Writes rows as a Parquet file while they are made. A row group ends after 100 rows or 32 MiB, so that memory is bounded. */
import * as Stream from "effect/Stream"
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer"
import type { DatasetError } from "../../DatasetError.ts"

const [groupRows, groupBytes] = [100, 32 * 1024 * 1024]

type Element = ConstructorParameters<typeof ParquetWriter>[0]["schema"][number]

/** The schema of a column: its element, and those below it. */
export type ColumnSchema = ReadonlyArray<Element>

/** A column of single values. */
export const leaf = (name: string, type: "string" | "bytes" | "int" | "double"): ColumnSchema => {
  const repetition_type = "OPTIONAL"
  switch (type) {
    case "string":
      return [{ name, repetition_type, type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } }]
    case "bytes":
      return [{ name, repetition_type, type: "BYTE_ARRAY" }]
    case "int":
      return [{ name, repetition_type, type: "INT64" }]
    case "double":
      return [{ name, repetition_type, type: "DOUBLE" }]
  }
}

/** A column of lists. */
export const list = (name: string, element: ColumnSchema): ColumnSchema => [
  { name, repetition_type: "OPTIONAL", converted_type: "LIST", logical_type: { type: "LIST" }, num_children: 1 },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  ...element
]

/** A column of objects. */
export const struct = (name: string, ...children: ReadonlyArray<ColumnSchema>): ColumnSchema => [
  { name, repetition_type: "OPTIONAL", num_children: children.length },
  ...children.flat()
]

/** A column. */
export interface Column<Row> {
  readonly schema: ColumnSchema
  /** The value in a row. Integers are of type bigint. */
  readonly of: (row: Row) => unknown
  /** Whether its values are compressed already and all differ. Default: false. */
  readonly isPlain?: boolean
}

/** The bytes of a file with these rows. `weigh` says about how many bytes a row takes. */
export const parquetOf = <Row>(
  rows: Stream.Stream<Row, DatasetError>,
  columns: ReadonlyArray<Column<Row>>,
  weigh: (row: Row) => number,
  metadata: { readonly key: string; readonly value: string }
): Stream.Stream<Uint8Array, DatasetError> =>
  Stream.suspend(() => {
    const writer = new ByteWriter(32 * 1024)
    const parquet = new ParquetWriter({
      writer,
      schema: [{ name: "schema", num_children: columns.length }, ...columns.flatMap(({ schema }) => schema)],
      kvMetadata: [metadata],
      createdBy: "labelstream"
    })
    let held: Array<Row> = []
    let weight = 0
    /** The bytes that were written since the last call. */
    const taken = (): ReadonlyArray<Uint8Array> => {
      const bytes = writer.getBytes().slice()
      writer.index = 0
      return [bytes]
    }
    const flush = (): ReadonlyArray<Uint8Array> => {
      if (held.length === 0) return []
      const columnData = columns.map(({ isPlain = false, of, schema }): ColumnSource => {
        const { name } = schema[0]!
        const data = held.map(of)
        return isPlain ? { name, data, codec: "UNCOMPRESSED", encoding: "PLAIN", statistics: false } : { name, data }
      })
      // The writer waits for nothing: its bytes stay in memory until they are taken.
      void parquet.write({ columnData, rowGroupSize: held.length })
      held = []
      weight = 0
      return taken()
    }
    const groups = Stream.map(rows, (row) => {
      held.push(row)
      weight += weigh(row)
      return held.length >= groupRows || weight >= groupBytes ? flush() : []
    })
    const end = Stream.suspend(() => {
      const last = flush()
      void parquet.finish()
      return Stream.make([...last, ...taken()])
    })
    return Stream.flattenIterable(Stream.concat(groups, end))
  })
