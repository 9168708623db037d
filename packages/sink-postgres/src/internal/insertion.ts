/**
 * Inserts rows of one table, some thousands with each statement: the values of a column go over the wire as one binary
 * array, and the server turns the arrays into rows. Columns without a value in any of the rows are left out.
 */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import type { Table } from "@labelstream/core/sink"
import * as Result from "effect/Result"
import { list, quoted, types } from "./statements.ts"

/** Rows of one statement. More gain nothing. */
const mostRows = 4000

/** Bytes of one statement, roughly, in text and chunks of files. */
const mostBytes = 2 * 1024 * 1024

/** How the server is told the type of an array: JSON goes as text, and becomes `jsonb` there. */
const wire = { ...types, json: "text" } as const

export interface Statement {
  readonly sql: string
  readonly params: ReadonlyArray<unknown>
}

/** Rows that wait to be inserted. */
export class Insertion<Row> {
  private readonly name: string
  private readonly columns: ReadonlyArray<Table.Column<keyof Row & string>>
  private values!: Array<Array<unknown>>
  private used!: Array<boolean>
  private rows = 0
  private bytes = 0
  /** Columns in which NUL characters were replaced, since somebody last asked. */
  private replaced = new Set<string>()

  constructor(name: string, { columns }: Table.Table<Row>) {
    this.name = name
    this.columns = columns
    this.empty()
  }

  /** Drops the rows that wait, and what was noted of them. */
  clear(): void {
    this.empty()
    this.replaced.clear()
  }

  private empty(): void {
    this.values = this.columns.map(() => [])
    this.used = this.columns.map(() => false)
    this.rows = 0
    this.bytes = 0
  }

  add(row: Row): void {
    const { columns, used, values } = this
    for (let at = 0; at < columns.length; at++) {
      const { name, type } = columns[at]!
      let value: unknown = row[name]
      if (typeof value === "string") {
        const text = type === "json" ? withoutNulEscapes(value) : value.replaceAll("\0", "\ufffd")
        if (text !== value) this.replaced.add(name)
        value = text
      }
      values[at]!.push(value)
      if (value !== null) used[at] = true
      if (typeof value === "string" || value instanceof Uint8Array) this.bytes += value.length
    }
    this.rows++
  }

  /** The columns in which NUL characters were replaced since the last call. */
  takeReplaced(): Iterable<string> {
    if (this.replaced.size === 0) return []
    const { replaced } = this
    this.replaced = new Set()
    return replaced
  }

  /** Whether so many rows wait that they should be inserted. */
  get isFull(): boolean {
    return this.rows >= mostRows || this.bytes >= mostBytes
  }

  /** The statement for the rows that wait, if there are any; they wait no more. */
  take(): Statement | undefined {
    if (this.rows === 0) return undefined
    const at = this.columns.flatMap((_, index) => this.used[index] === true ? [index] : [])
    const columns = at.map((index) => this.columns[index]!)
    const params = at.map((index) => {
      const { type } = this.columns[index]!
      const values = this.values[index]!
      const integers = type === "int64"
        ? values.map((value) => value === null ? null : BigInt(value as number))
        : values
      return Result.getOrThrow(PgTypes.array(integers, PgTypes.OID[wire[type]]))
    })
    const arrays = columns.map(({ type }, index) => `$${index + 1}::${wire[type]}[]`)
    const names = list(columns.map(({ name }) => name))
    const selected = columns.map(({ name, type }) => type === "json" ? `${quoted(name)}::jsonb` : quoted(name))
    this.empty()
    return {
      sql: `INSERT INTO ${quoted(this.name)} (${names}) SELECT ${selected.join(", ")} FROM unnest(${
        arrays.join(", ")
      }) AS rows (${names})`,
      params
    }
  }
}

/** JSON text whose strings have no NUL: an escape counts where an even number of backslashes stands before it. */
const withoutNulEscapes = (json: string): string =>
  json.includes("\\u0000") ? json.replaceAll(/(?<!\\)((?:\\\\)*)\\u0000/g, "$1\ufffd") : json
