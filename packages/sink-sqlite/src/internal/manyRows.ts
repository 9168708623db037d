/**
 * Inserts rows of one table, many with each statement: a call into SQLite costs as much as storing half a row. The two
 * ids, the same for all rows of a job, are handed over once for each statement instead of once for each row.
 */
import type { Table } from "@labelstream/core/sink"
import type { Database, Statement, Value } from "./sqlite.ts"
import { jobKey, type Key } from "./tables.ts"

/** Rows of one statement: any number of rows is a sum of these. More than 64 gains nothing. */
const sizes = [64, 32, 16, 8, 4, 2, 1]

/** What an insertion takes of a row: a job's ids come with the call. */
export type Values<Row> = Omit<Row, keyof Key>

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
    // oxlint-disable-next-line typescript/no-implied-eval -- of names that stand in this software alone
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

export class ManyRows<Row> {
  private readonly statements: ReadonlyArray<{ readonly size: number; readonly statement: Statement }>
  private readonly values: ReadonlyMap<number, Array<Value>>
  private readonly width: number
  private readonly fill: Fill<Row>

  /** `most` is how many rows a call brings: 1 where they come one by one. */
  constructor(db: Database, name: string, table: Table.Table<Row>, most = Infinity) {
    const columns = table.columns.map(({ name }) => name)
    const isId = (column: string) => jobKey.includes(column)
    const others = table.columns.filter(({ name }) => !isId(name))
    this.width = others.length
    this.fill = fillOf(others)
    const one = `(${columns.map((column) => isId(column) ? `@${column}` : "?").join(",")})`
    const into = `INSERT INTO ${name} (${columns.join(", ")}) VALUES `
    const used = sizes.filter((size) => size <= most)
    this.statements = used.map((size) => ({ size, statement: db.prepare(into + Array(size).fill(one).join(",")) }))
    // Used again for every statement of this size: SQLite copies what is in them.
    this.values = new Map(used.map((size) => [size, Array<Value>(size * this.width).fill(null)]))
  }

  /** Inserts the rows in order. Takes about 5 ms for 1,000 annotations. Throws. */
  insert(key: Key, rows: ReadonlyArray<Values<Row>>): void {
    let at = 0
    for (const { size, statement } of this.statements) {
      const values = this.values.get(size)!
      while (rows.length - at >= size) {
        // Which values SQLite takes is its own to say: a row of a broken decoder is rejected there.
        for (let offset = 0; offset < values.length; offset += this.width) this.fill(rows[at++]!, values, offset)
        statement.run(values, key)
      }
    }
  }
}
