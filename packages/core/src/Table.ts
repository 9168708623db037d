/**
 * Describes tables as data. A table is described once, and everything else is made from the description: the type of its
 * rows, schemas and column lists of any format, and the order of values. Types of databases are the sinks' business.
 */

/**
 * A column's type: `text` (UTF-8), `int32`, `int64` (within the safe integers), `double`, `boolean`, `bytes`, or `json`,
 * which is text that is valid JSON and which a format with nested types may store as such.
 */
export type ColumnType = "text" | "int32" | "int64" | "double" | "boolean" | "bytes" | "json"

/** What is known of a column besides its name. */
export interface Definition {
  readonly type: ColumnType
  readonly nullable: boolean
  /** A few words on one line, as comments in a schema have them; undefined if the name says it all. */
  readonly description: string | undefined
  /** Nearly every row has its own value, in no order: to index them or to keep statistics gains nothing. */
  readonly scattered: boolean
  /** Null in nearly every row: a database may have a cheaper way to store rows without it. */
  readonly rare: boolean
}

declare const value: unique symbol

/** A definition that knows the type of its values. */
export interface Field<Value> extends Definition {
  readonly [value]?: Value
}

/** The definitions of a table's columns by name, in the order in which they are stored. */
export type Fields = Readonly<Record<string, Field<unknown>>>

/** The type of a table's rows. */
export type Row<Of extends Fields> = {
  readonly [Name in keyof Of]: Of[Name] extends Field<infer Value> ? Value : never
}

/** One column of one table; `Name` is a key of the row's type. */
export interface Column<Name extends string = string> extends Definition {
  readonly name: Name
}

/** Any table, with any rows. */
export interface AnyTable {
  /** What a row is, in a few words on one line. */
  readonly description: string
  /** In the order in which they are stored. */
  readonly columns: ReadonlyArray<Column>
  /** The columns whose values name a row uniquely. */
  readonly key: ReadonlyArray<string>
  /** The columns of each index by which a database finds rows, besides the key. */
  readonly indexes: Readonly<Record<string, ReadonlyArray<string>>>
}

/** A table that knows the type of its rows. */
export interface Table<Row = unknown, Key extends keyof Row & string = keyof Row & string> extends AnyTable {
  readonly columns: ReadonlyArray<Column<keyof Row & string>>
  readonly key: ReadonlyArray<Key>
}

/** The type of the rows of a table. */
export type RowOf<Of> = Of extends Table<infer Row> ? Row : never

/** What {@link make} takes. */
export interface Description<Of extends Fields, Key extends keyof Of & string> {
  readonly description: string
  readonly columns: Of
  readonly key: ReadonlyArray<Key>
  readonly indexes?: Readonly<Record<string, ReadonlyArray<keyof Of & string>>>
}

/** Makes a table. */
export const make = <const Of extends Fields, const Key extends keyof Of & string>(
  { columns, description, indexes = {}, key }: Description<Of, Key>
): Table<Row<Of>, Key> => ({
  description,
  columns: Object.entries(columns).map(([name, definition]) => ({ ...definition, name })),
  key,
  indexes
})

const field = (type: ColumnType) => <Value>(description?: string): Field<Value> => ({
  type,
  nullable: false,
  description,
  scattered: false,
  rare: false
})

/** Makes a column of text; `Value` says which texts. */
export const text: <Value extends string = string>(description?: string) => Field<Value> = field("text")

/** Makes a column of text that is valid JSON. */
export const json: (description?: string) => Field<string> = field("json")

/** Makes a column of integers of 32 bits. */
export const int32: (description?: string) => Field<number> = field("int32")

/** Makes a column of safe integers. */
export const int64: (description?: string) => Field<number> = field("int64")

/** Makes a column of doubles. */
export const double: (description?: string) => Field<number> = field("double")

/** Makes a column of true and false; a database without them stores 1 and 0. */
export const boolean: (description?: string) => Field<boolean> = field("boolean")

/** Makes a column of bytes. */
export const bytes: (description?: string) => Field<Uint8Array> = field("bytes")

/** Makes a column that can be null of one that cannot. */
export const nullable = <Value>(of: Field<Value>): Field<Value | null> => ({ ...of, nullable: true })

/** Makes a column whose values are scattered. */
export const scattered = <Value>(of: Field<Value>): Field<Value> => ({ ...of, scattered: true })

/** Makes a column that is null in nearly every row of one that can be null. */
export const rare = <Value>(of: Field<Value | null>): Field<Value | null> => ({ ...of, rare: true })

/** The definitions of a table's key, for a table that refers to its rows. */
export const keyFields = <Row, Key extends keyof Row & string>(
  { columns, key }: Table<Row, Key>
): { readonly [Name in Key]: Field<Row[Name]> } =>
  Object.fromEntries(key.map((name) => {
    const { name: _, ...definition } = columns.find((column) => column.name === name)!
    return [name, definition]
  })) as { readonly [Name in Key]: Field<Row[Name]> }

/** The columns of a row that can be null. */
export type Nulls<Row> = { readonly [Name in keyof Row as null extends Row[Name] ? Name : never]: null }

/**
 * What a row begins with that has values for some columns: all columns in order, as null. Those that cannot be null are
 * still to be given, as the type says.
 */
export const nulls = <Row>({ columns }: Table<Row>): Nulls<Row> =>
  Object.fromEntries(columns.map(({ name }) => [name, null])) as Nulls<Row>
