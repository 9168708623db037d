/**
 * Inserts rows of one table, thousands per statement: the values of a column go over the wire as one binary array, and
 * the server turns the arrays into rows. Leaves out columns without a value in any of the rows.
 */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import type { Table } from "@labelstream/core/sink"
import * as Result from "effect/Result"
import { list, quoted, types } from "./statements.ts"

/** Rows of one statement. More gain nothing. */
const mostRows = 2000

/** Bytes of one statement, roughly, in text and chunks of files. */
const mostBytes = 1024 * 1024

/** Types of arrays on the wire: JSON goes as text, and the server turns it into `jsonb`. */
const wire = { ...types, json: "text" } as const

export interface Statement {
  readonly sql: string
  readonly params: ReadonlyArray<unknown>
  /** Whether it has a long chunk of a document or a file: the driver should hold only one of them. */
  readonly isLarge: boolean
}

/** Rows that wait to be inserted. */
export class Insertion<Row> {
  private readonly name: string
  private readonly columns: ReadonlyArray<Table.Column<keyof Row & string>>
  /** The columns whose values can be long, or can have NUL characters. */
  private readonly long: ReadonlyArray<Table.Column<keyof Row & string>>
  private rows: Array<Row> = []
  private bytes = 0
  /** Columns in which NUL characters were replaced since the last `takeReplaced`. */
  private replaced = new Set<string>()

  constructor(name: string, { columns }: Table.Table<Row>) {
    this.name = name
    this.columns = columns
    this.long = columns.filter(({ type }) => type === "text" || type === "json" || type === "bytes")
  }

  /** Drops the waiting rows, and the names of their replaced columns. */
  clear(): void {
    this.empty()
    this.replaced.clear()
  }

  private empty(): void {
    this.rows = []
    this.bytes = 0
  }

  add(row: Row): void {
    let stored = row
    for (const { name, type } of this.long) {
      const value: unknown = row[name]
      if (typeof value === "string") {
        const text = type === "json" ? withoutNulEscapes(value) : withoutNuls(value)
        if (text !== value) {
          this.replaced.add(name)
          stored = { ...stored, [name]: text }
        }
        this.bytes += value.length
      } else if (value instanceof Uint8Array) this.bytes += value.length
    }
    this.rows.push(stored)
  }

  /** The columns in which NUL characters were replaced since the last call. */
  takeReplaced(): Iterable<string> {
    if (this.replaced.size === 0) return []
    const { replaced } = this
    this.replaced = new Set()
    return replaced
  }

  /** Whether enough rows wait for a statement. */
  get isFull(): boolean {
    return this.rows.length >= mostRows || this.bytes >= mostBytes
  }

  /** Takes the waiting rows, and returns their statement; undefined if there are none. */
  take(): Statement | undefined {
    const { rows } = this
    if (rows.length === 0) return undefined
    const isLarge = this.bytes > 2 * mostBytes
    this.empty()
    const columns = this.columns.filter(({ name, nullable }) => !nullable || rows.some((row) => row[name] !== null))
    const params = columns.map(({ name, type }) => {
      const values = rows.map((row): unknown => row[name])
      const integers = type === "int64"
        ? values.map((value) => value === null ? null : BigInt(value as number))
        : values
      return Result.getOrThrow(PgTypes.array(integers, PgTypes.OID[wire[type]]))
    })
    const arrays = columns.map(({ type }, index) => `$${index + 1}::${wire[type]}[]`)
    const names = list(columns.map(({ name }) => name))
    const selected = columns.map(({ name, type }) => type === "json" ? `${quoted(name)}::jsonb` : quoted(name))
    return {
      sql: `INSERT INTO ${quoted(this.name)} (${names}) SELECT ${selected.join(", ")} FROM unnest(${
        arrays.join(", ")
      }) AS rows (${names})`,
      params,
      isLarge
    }
  }
}

const withoutNuls = (text: string): string => text.includes("\0") ? text.replaceAll("\0", "\ufffd") : text

/** JSON text whose strings have no NUL: an escape counts after an even number of backslashes. */
const withoutNulEscapes = (json: string): string =>
  json.includes("\\u0000") ? json.replaceAll(/(?<!\\)((?:\\\\)*)\\u0000/g, "$1\ufffd") : json
