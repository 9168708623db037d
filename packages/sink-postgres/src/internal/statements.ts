/** Makes SQL from descriptions of tables. Names are quoted, because some of them are words of SQL. */
import type { Table } from "@labelstream/core/sink"

/** PostgreSQL's types of columns. */
export const types = {
  text: "text",
  json: "jsonb",
  int32: "int4",
  int64: "int8",
  double: "float8",
  boolean: "bool",
  bytes: "bytea"
} as const

export const quoted = (name: string): string => `"${name}"`

export const list = (columns: ReadonlyArray<string>, alias?: string): string =>
  columns.map((name) => alias === undefined ? quoted(name) : `${alias}.${quoted(name)}`).join(", ")

const definition = ({ name, nullable, type }: Table.Column, key: ReadonlyArray<string>) =>
  `${quoted(name)} ${types[type]}${type === "text" && key.includes(name) ? " COLLATE \"C\"" : ""}${
    nullable ? "" : " NOT NULL"
  }`

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

const comment = (on: string, text: string | undefined) =>
  text === undefined ? [] : [`COMMENT ON ${on} IS ${literal(text)}`]

/** Makes a table with its indexes and its comments, which `\d+` shows: one statement each. */
export const createTable = (
  name: string,
  { columns, description, indexes, key }: Table.AnyTable
): ReadonlyArray<string> => [
  `CREATE TABLE ${quoted(name)} (${
    [...columns.map((column) => definition(column, key)), `PRIMARY KEY (${list(key)})`].join(", ")
  })`,
  ...Object.entries(indexes).map(([index, of]) =>
    `CREATE INDEX ${quoted(`${name}_${index}`)} ON ${quoted(name)} (${list(of)})`
  ),
  ...comment(`TABLE ${quoted(name)}`, description),
  ...columns.flatMap((column) => comment(`COLUMN ${quoted(name)}.${quoted(column.name)}`, column.description))
]

/** Adds a column to a table that holds rows. */
export const addColumn = (table: string, column: Table.Column): ReadonlyArray<string> => [
  `ALTER TABLE ${quoted(table)} ADD COLUMN ${definition(column, [])}`,
  ...comment(`COLUMN ${quoted(table)}.${quoted(column.name)}`, column.description)
]

/** A condition: columns are the same in two tables of a query. */
export const joined = (columns: ReadonlyArray<string>, left: string, right: string): string =>
  columns.map((name) => `${left}.${quoted(name)} = ${right}.${quoted(name)}`).join(" AND ")
