/** The columns of a Parquet file, and the metadata by which the `datasets` library knows their features. */
import type * as Stream from "effect/Stream"
import type { Classes } from "../../Classes.ts"
import type { DatasetError } from "../../DatasetError.ts"
import * as Parquet from "../shared/parquet.ts"
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

/** About how many bytes a row takes. */
export const weigh = ({ image, mask, objects }: Row): number =>
  (image?.bytes.length ?? 0) + (mask?.bytes.length ?? 0) + objects.bbox.length * 64 + 256

/** The type of a column: its schema, and its feature in the `datasets` library. */
interface Kind {
  readonly schema: (name: string) => Parquet.ColumnSchema
  readonly feature: unknown
}

const kind = (type: "string" | "int" | "double", feature: object): Kind => ({
  schema: (name) => Parquet.leaf(name, type),
  feature
})

const [text, int, double] = [
  kind("string", { dtype: "string", _type: "Value" }),
  kind("int", { dtype: "int64", _type: "Value" }),
  kind("double", { dtype: "float64", _type: "Value" })
]

const listOf = ({ feature, schema }: Kind, length?: number): Kind => ({
  schema: (name) => Parquet.list(name, schema("element")),
  feature: { feature, ...length === undefined ? {} : { length }, _type: "Sequence" }
})

const structOf = (members: Readonly<Record<string, Kind>>): Kind => ({
  schema: (name) => Parquet.struct(name, ...Object.entries(members).map(([of, { schema }]) => schema(of))),
  feature: Object.fromEntries(Object.entries(members).map(([of, { feature }]) => [of, feature]))
})

const picture: Kind = {
  schema: (name) => Parquet.struct(name, Parquet.leaf("bytes", "bytes"), Parquet.leaf("path", "string")),
  feature: { _type: "Image" }
}

const kindsOf = ({ names }: Classes, hasMasks: boolean): Partial<Record<keyof Row, Kind>> => {
  const common = {
    categories: listOf(kind("int", { names, _type: "ClassLabel" })),
    track_id: listOf(text),
    instance: listOf(text),
    attributes: listOf(text)
  }
  return {
    image: picture,
    ...hasMasks ? { mask: picture } : {},
    width: int,
    height: int,
    url: text,
    batch_id: text,
    job_id: text,
    reference_id: text,
    frame_id: text,
    frame_index: int,
    objects: structOf({ bbox: listOf(listOf(double, 4)), area: listOf(double), ...common }),
    ...hasMasks ? { segments: structOf(common) } : {}
  }
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
): Stream.Stream<Uint8Array, DatasetError> => {
  const kinds = Object.entries(kindsOf(classes, hasMasks)) as ReadonlyArray<[keyof Row, Kind]>
  const columns = kinds.map(([name, { schema }]): Parquet.Column<Row> => ({
    schema: schema(name),
    of: (row) => exact(row[name] ?? null),
    isPlain: name === "image" || name === "mask"
  }))
  const features = Object.fromEntries(kinds.map(([name, { feature }]) => [name, feature]))
  return Parquet.parquetOf(rows, columns, weigh, { key: "huggingface", value: JSON.stringify({ info: { features } }) })
}
