/**
 * Inserts rows of one table, many with each statement: a call into SQLite costs as much as storing half a row. The two
 * ids, the same for all rows of a job, are handed over once for each statement instead of once for each row.
 */
import type { Table } from "@labelstream/core/sink"
import { DatabaseTables } from "@labelstream/storage"
import type { Database, Statement, Value } from "./sqlite.ts"

/** Rows of one statement: any number of rows is a sum of these. More than 64 gains nothing. */
const sizes = [64, 32, 16, 8, 4, 2, 1]

/** What an insertion takes of a row: a job's ids come with the call. */
export type Values<Row> = Omit<Row, keyof DatabaseTables.Key>

/** Writes the values of a row into an array from a position on. */
type Fill<Row> = (row: Values<Row>, values: Array<Value>, at: number) => void

/**
 * A loop over the names takes six times as long, since it looks each value up by its name: so the loop is written out, as
 * somebody would by hand. Where the process is not allowed to make code, the loop does it.
 */
const fillOf = <Row>(columns: ReadonlyArray<Table.Column>): Fill<Row> => {
  try {
    const lines = columns.map(({ name, type }, index) => {
      const value = `row[${JSON.stringify(name)}]`
      // SQLite has no booleans.
      return `values[at + ${index}] = ${type === "boolean" ? `${value} === null ? null : Number(${value})` : value}`
    })
    // oxlint-disable-next-line typescript/no-implied-eval -- the names are those of our own columns, never data
    return new Function("row", "values", "at", lines.join("\n")) as Fill<Row>
  } catch {
    return (row, values, at) => {
      for (const [index, { name }] of columns.entries()) {
        const value: unknown = row[name as keyof Values<Row>]
        values[at + index] = typeof value === "boolean" ? Number(value) : value as Value
      }
    }
  }
}

/** Whether a row has a value in one of some columns. */
const hasValueIn = <Row>(columns: ReadonlyArray<Table.Column>): (row: Values<Row>) => boolean => {
  try {
    const each = columns.map(({ name }) => `row[${JSON.stringify(name)}] !== null`)
    // oxlint-disable-next-line typescript/no-implied-eval -- the names are those of our own columns, never data
    return new Function("row", `return ${each.join(" || ")}`) as (row: Values<Row>) => boolean
  } catch {
    return (row) => columns.some(({ name }) => row[name as keyof Values<Row>] !== null)
  }
}

/** Inserts rows by their values in some of the table's columns. */
class Insertion<Row> {
  private readonly statements: ReadonlyMap<number, { readonly statement: Statement; readonly values: Array<Value> }>
  private readonly width: number
  private readonly fill: Fill<Row>

  constructor(db: Database, name: string, columns: ReadonlyArray<Table.Column>, used: ReadonlyArray<number>) {
    const isId = (column: string) => DatabaseTables.jobKey.includes(column)
    const others = columns.filter(({ name }) => !isId(name))
    this.width = others.length
    this.fill = fillOf(others)
    const names = columns.map(({ name }) => name)
    const one = `(${names.map((column) => isId(column) ? `@${column}` : "?").join(",")})`
    const into = `INSERT INTO ${name} (${names.join(", ")}) VALUES `
    this.statements = new Map(used.map((size) => [size, {
      statement: db.prepare(into + Array(size).fill(one).join(",")),
      // Used again for every statement of this size: SQLite copies what is in them.
      values: Array<Value>(size * this.width).fill(null)
    }]))
  }

  /** Inserts `size` rows from a position on. */
  run(key: DatabaseTables.Key, rows: ReadonlyArray<Values<Row>>, from: number, size: number): void {
    const { statement, values } = this.statements.get(size)!
    // Which values SQLite takes is its own to say: a row of a broken decoder is rejected there.
    for (let at = 0; at < size; at++) this.fill(rows[from + at]!, values, at * this.width)
    statement.run(values, key)
  }
}

export class ManyRows<Row> {
  private readonly sizes: ReadonlyArray<number>
  private readonly all: Insertion<Row>
  /** For rows without values in the rare columns: those take a third of the time. */
  private readonly common: Insertion<Row>
  private readonly hasRare: (row: Values<Row>) => boolean

  /** `most` is the number of rows per call: 1 if they come one by one. */
  constructor(db: Database, name: string, { columns }: Table.Table<Row>, most = Infinity) {
    this.sizes = sizes.filter((size) => size <= most)
    const rare = columns.filter((column) => column.rare)
    this.all = new Insertion(db, name, columns, this.sizes)
    this.common = rare.length === 0
      ? this.all
      : new Insertion(db, name, columns.filter((column) => !column.rare), this.sizes)
    this.hasRare = rare.length === 0 ? () => false : hasValueIn(rare)
  }

  /** Inserts the rows in order. Takes about 4 ms for 1,000 annotations. Throws. */
  insert(key: DatabaseTables.Key, rows: ReadonlyArray<Values<Row>>): void {
    let from = 0
    for (const size of this.sizes) {
      for (; rows.length - from >= size; from += size) {
        let at = from
        while (at < from + size && !this.hasRare(rows[at]!)) at++
        const insertion = at === from + size ? this.common : this.all
        insertion.run(key, rows, from, size)
      }
    }
  }
}
