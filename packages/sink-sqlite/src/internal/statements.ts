/** Makes SQL of descriptions of tables. Their names are this software's own, and need no quotes. */
import type { Table } from "@labelstream/core/sink"

const types = {
  text: "TEXT",
  json: "TEXT",
  int32: "INTEGER",
  int64: "INTEGER",
  double: "REAL",
  boolean: "INTEGER",
  bytes: "BLOB"
} as const

const definition = ({ name, nullable, type }: Table.Column) => `${name} ${types[type]}${nullable ? "" : " NOT NULL"}`

/** Makes a table and its indexes. The words of the description stay in the file: `.schema` shows them. */
export const createTable = (name: string, { columns, description, indexes, key }: Table.AnyTable): string =>
  [
    `CREATE TABLE ${name} ( -- ${description}`,
    ...columns.map((of) => `  ${definition(of)},${of.description === undefined ? "" : ` -- ${of.description}`}`),
    `  PRIMARY KEY (${key.join(", ")})`,
    ") STRICT;",
    ...Object.entries(indexes).map(([index, of]) => `CREATE INDEX ${name}_${index} ON ${name} (${of.join(", ")});`)
  ].join("\n")

/** Adds a column to a table that holds rows. */
export const addColumn = (table: string, column: Table.Column): string =>
  `ALTER TABLE ${table} ADD COLUMN ${definition(column)};`

/** Columns, each of a table with this name in the query. */
export const of = (alias: string, columns: ReadonlyArray<string>): string =>
  columns.map((name) => `${alias}.${name}`).join(", ")

/** That columns have the values of parameters: `?`, or `@name` with `named`. */
export const equal = (columns: ReadonlyArray<string>, named?: "named"): string =>
  columns.map((name) => `${name} = ${named === undefined ? "?" : `@${name}`}`).join(" AND ")

/** That columns are the same in two tables of a query. */
export const joined = (columns: ReadonlyArray<string>, left: string, right: string): string =>
  columns.map((name) => `${left}.${name} = ${right}.${name}`).join(" AND ")
