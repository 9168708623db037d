/**
 * The ledger's SQL apart from how it is run. Statements are written in words that SQLite and PostgreSQL share; programs
 * run statements and make of the rows what the ledger returns. A driver runs programs: at once on better-sqlite3, as
 * effects on a `SqlClient`.
 */

export type Value = string | number | null

/** A row as its values, in the order of the columns that a statement selects or takes. */
export type Row = ReadonlyArray<Value>

export type ColumnType = "text" | "integer" | "real"

/**
 * A statement that takes its values at each `?`. In braces stand:
 *
 * - `{jobs}` or any other name of the ledger: with the prefix of this database
 * - `{v}`: the given rows as a table `v`. Comes before every `?`
 * - `{columns}`: the names of the columns of the given rows
 * - `{rows by batch, job_id}`: the given rows, to be inserted in the order of these columns
 * - `{indexed by name}`: an index that SQLite must take
 */
export interface Statement {
  readonly text: string
  /** For the given rows. */
  readonly columns: Readonly<Record<string, ColumnType>>
  readonly inserts: boolean
}

export const statement = (text: string, columns: Statement["columns"] = {}): Statement => ({
  text,
  columns,
  inserts: text.includes("{rows by ")
})

/** Asks for the rows of a statement. Given rows of a single column are its values. */
export interface Query {
  readonly statement: Statement
  readonly values: ReadonlyArray<Value>
  readonly rows: ReadonlyArray<Row | Value> | undefined
}

/** Asks for a program to be run as one transaction. */
export interface Atomic {
  readonly atomic: () => Program<unknown>
}

export type Program<A> = Generator<Query | Atomic, A, unknown>

/** Runs a statement. */
export function* query<R extends Row>(
  statement: Statement,
  values: ReadonlyArray<Value> = [],
  rows?: Query["rows"]
): Program<ReadonlyArray<R>> {
  return (yield { statement, values, rows }) as ReadonlyArray<R>
}

/** Runs a program as one transaction. */
export function* transaction<A>(program: () => Program<A>): Program<A> {
  return (yield { atomic: program }) as A
}

/** The words that differ between databases. */
export interface Dialect {
  /** For the names of tables and indexes. */
  readonly prefix: string
  /** Given rows as a table, from one JSON array. */
  readonly table: (columns: Statement["columns"]) => string
  readonly indexedBy: (index: string) => string
  /** The n-th value, from 1. */
  readonly value: (n: number) => string
}

const tableOf = (
  { columns, each }: { readonly columns: Statement["columns"]; readonly each: string },
  column: (name: string, index: number | undefined) => string
) => {
  const names = Object.keys(columns)
  const list = names.map((name, index) => `${column(name, names.length === 1 ? undefined : index)} AS ${name}`)
  return `(SELECT ${list.join(", ")} FROM ${each})`
}

const pgTypes: Readonly<Record<ColumnType, string>> = { text: "text", integer: "bigint", real: "double precision" }

export const sqlite = (prefix: string): Dialect => ({
  prefix,
  table: (columns) =>
    tableOf(
      { columns, each: "json_each(?) AS e" },
      (_, index) => index === undefined ? "e.value" : `e.value ->> ${index}`
    ),
  indexedBy: (index) => `INDEXED BY ${prefix}${index}`,
  value: () => "?"
})

export const postgres = (prefix: string): Dialect => ({
  prefix,
  table: (columns) => {
    const isOne = Object.keys(columns).length === 1
    const each = isOne ? "json_array_elements_text(?::json)" : "json_array_elements(?::json)"
    return tableOf(
      { columns, each: `${each} AS e(value)` },
      (name, index) => `(e.value${index === undefined ? "" : `->>${index}`})::${pgTypes[columns[name] ?? "text"]}`
    )
  },
  indexedBy: () => "",
  value: (n) => `$${n}`
})

/** A statement in the words of a database. `source` gives the rows to be inserted, in the order of these columns. */
export const textOf = (
  { columns, text }: Statement,
  { indexedBy, prefix, table, value }: Dialect,
  source: (order: string) => string
): string => {
  const wordOf = (word: string): string => {
    if (word === "v") return `${table(columns)} AS v`
    if (word === "columns") return Object.keys(columns).join(", ")
    if (word.startsWith("rows by ")) return source(word.slice("rows by ".length))
    if (word.startsWith("indexed by ")) return indexedBy(word.slice("indexed by ".length))
    return prefix + word
  }
  let n = 0
  // `+?` keeps SQLite from planning a statement again with each value, which took a third of the time of reading a page.
  return text.replace(/\{([^}]+)\}/g, (_, word: string) => wordOf(word))
    .replace(/\+?\?/g, (mark) => {
      const given = value(++n)
      return given === "?" ? mark : given
    })
}

/** Rows to be inserted, from one JSON array. */
export const rowsAsTable = ({ columns }: Statement, { table }: Dialect) => (order: string): string =>
  `SELECT ${Object.keys(columns).join(", ")} FROM ${table(columns)} AS v WHERE true ORDER BY ${order}`
