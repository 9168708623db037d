/**
 * Writes rows as a Parquet file that the `datasets` library takes for one of its own: its features are in the file's
 * metadata. A row group ends after 100 rows or 32 MiB, so that memory is bounded.
 */
import * as Stream from "effect/Stream"
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer"
import type { Classes } from "../../Classes.ts"
import type { DatasetError } from "../../DatasetError.ts"
import type { TextRow } from "./huggingFaceRow.ts"

interface Picture {
  readonly bytes: Uint8Array
  readonly path: string
}

/** One row with its pictures. A dataset without masks has no column for them. */
export interface Row extends TextRow {
  readonly image: Picture | null
  readonly mask?: Picture
}

/** About as many bytes as a row takes. */
export const weigh = ({ image, mask, objects }: Row): number =>
  (image?.bytes.length ?? 0) + (mask?.bytes.length ?? 0) + objects.bbox.length * 64 + 256

const [groupRows, groupBytes] = [100, 32 * 1024 * 1024]

type Element = ConstructorParameters<typeof ParquetWriter>[0]["schema"][number]

const leaf = (name: string, type: "string" | "bytes" | "int" | "double"): ReadonlyArray<Element> => {
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

const list = (name: string, element: ReadonlyArray<Element>): ReadonlyArray<Element> => [
  { name, repetition_type: "OPTIONAL", converted_type: "LIST", logical_type: { type: "LIST" }, num_children: 1 },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  ...element
]

const struct = (name: string, ...children: ReadonlyArray<ReadonlyArray<Element>>): ReadonlyArray<Element> => [
  { name, repetition_type: "OPTIONAL", num_children: children.length },
  ...children.flat()
]

/** A column: its schema, and what the `datasets` library calls it. */
interface Column {
  readonly name: keyof Row
  readonly schema: ReadonlyArray<Element>
  readonly feature: unknown
}

const value = (dtype: string) => ({ dtype, _type: "Value" })
const sequence = (feature: unknown, length?: number) => ({
  feature,
  ...length === undefined ? {} : { length },
  _type: "Sequence"
})

const picture = (name: "image" | "mask"): Column => ({
  name,
  schema: struct(name, leaf("bytes", "bytes"), leaf("path", "string")),
  feature: { _type: "Image" }
})

const text = (name: keyof Row): Column => ({ name, schema: leaf(name, "string"), feature: value("string") })
const number = (name: keyof Row): Column => ({ name, schema: leaf(name, "int"), feature: value("int64") })

const columnsOf = ({ names }: Classes, hasMasks: boolean): ReadonlyArray<Column> => {
  const strings = ["track_id", "instance", "attributes"]
  const schemas = [
    list("categories", leaf("element", "int")),
    ...strings.map((of) => list(of, leaf("element", "string")))
  ]
  const features = {
    categories: sequence({ names, _type: "ClassLabel" }),
    ...Object.fromEntries(strings.map((of) => [of, sequence(value("string"))]))
  }
  const objects: Column = {
    name: "objects",
    schema: struct(
      "objects",
      list("bbox", list("element", leaf("element", "double"))),
      list("area", leaf("element", "double")),
      ...schemas
    ),
    feature: { bbox: sequence(sequence(value("float64"), 4)), area: sequence(value("float64")), ...features }
  }
  return [
    picture("image"),
    ...hasMasks ? [picture("mask")] : [],
    number("width"),
    number("height"),
    text("url"),
    text("batch_id"),
    text("job_id"),
    text("reference_id"),
    text("frame_id"),
    number("frame_index"),
    objects,
    ...hasMasks ? [{ name: "segments" as const, schema: struct("segments", ...schemas), feature: features }] : []
  ]
}

/** Whole numbers as 64 bits need them. */
const exact = (of: Row[keyof Row] | null): unknown =>
  typeof of === "number"
    ? BigInt(of)
    : of !== null && typeof of === "object" && "categories" in of
    ? { ...of, categories: of.categories.map(BigInt) }
    : of

/** The bytes of a file with these rows. */
export const parquetOf = (
  rows: Stream.Stream<Row, DatasetError>,
  classes: Classes,
  hasMasks: boolean
): Stream.Stream<Uint8Array, DatasetError> =>
  Stream.suspend(() => {
    const columns = columnsOf(classes, hasMasks)
    const features = Object.fromEntries(columns.map(({ feature, name }) => [name, feature]))
    const writer = new ByteWriter(1024 * 1024)
    const parquet = new ParquetWriter({
      writer,
      schema: [{ name: "schema", num_children: columns.length }, ...columns.flatMap(({ schema }) => schema)],
      kvMetadata: [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }],
      createdBy: "labelstream"
    })
    let held: Array<Row> = []
    let weight = 0
    /** What was written since the last time. */
    const taken = (): ReadonlyArray<Uint8Array> => {
      const bytes = writer.getBytes().slice()
      writer.index = 0
      return [bytes]
    }
    const flush = (): ReadonlyArray<Uint8Array> => {
      if (held.length === 0) return []
      const columnData = columns.map(({ name }): ColumnSource => {
        const data = held.map((row) => exact(row[name] ?? null))
        // Pictures are compressed already, and never the same.
        return name === "image" || name === "mask"
          ? { name, data, codec: "UNCOMPRESSED", encoding: "PLAIN", statistics: false }
          : { name, data }
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
