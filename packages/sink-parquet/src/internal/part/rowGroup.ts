/**
 * Holds the rows of one row group as values of columns, and encodes them once it is full. How a value is encoded depends on
 * the type of its column, and filters let readers skip row groups without a job.
 */
import type { ColumnSource, ParquetWriter } from "hyparquet-writer"
import { BloomBuilder } from "hyparquet-writer/src/bloom.js"
import { hashParquetValue } from "hyparquet/src/bloom.js"
import { type Column, type Geometry, jobColumn, pointsOf, type Row, weigh } from "../tables.ts"
import type { Compression } from "./codec.ts"
import type { Columns } from "./partReader.ts"

/** How files are written. */
export interface Format {
  readonly compression: Compression
  readonly geometry: Geometry
  /** Rows of a row group. */
  readonly groupRows: number
  /** A row group also ends when its rows reach this many bytes, before encoding. */
  readonly groupBytes: number
}

/** Small enough that a row group has several pages to skip, large enough to compress well. */
const pageSize = 128 * 1024

export class RowGroup {
  private readonly columns: ReadonlyArray<Column>
  private readonly format: Format
  private held: Array<Array<unknown>> = []
  /** Rows so far. */
  rows = 0
  /** Weight of all rows so far. */
  weight = 0

  constructor(columns: ReadonlyArray<Column>, format: Format) {
    this.columns = columns
    this.format = format
    this.clear()
  }

  /** Adds a row. Returns whether the row group is full. */
  add(row: Row): boolean {
    const { columns } = this
    let weight = 8 * columns.length
    for (let index = 0; index < columns.length; index++) weight += this.hold(index, row[columns[index]!.name])
    return this.counted(weight)
  }

  /** Returns a function that adds a row of another file's row group by its index, and returns whether this one is full. */
  adder({ values }: Columns): (at: number) => boolean {
    const { columns } = this
    const found = columns.map(({ name }) => values.get(name))
    return (at) => {
      let weight = 8 * columns.length
      for (let index = 0; index < columns.length; index++) weight += this.hold(index, found[index]?.[at])
      return this.counted(weight)
    }
  }

  /** Encodes the rows as a row group of a file, and begins the next one. */
  encode(parquet: ParquetWriter): void {
    const known = parquet.pendingIndexes.length
    const areNull = this.held.map((values) => values.every((value) => value == null))
    const jobs = this.held[this.columns.findIndex(({ name }) => name === jobColumn)]!
    void parquet.write({
      columnData: this.columns.map((column, index) => this.source(column, this.held[index]!, areNull[index]!)),
      rowGroupSize: this.rows,
      pageSize
    })
    for (const [index, { meta_data: chunk }] of parquet.row_groups.at(-1)!.columns.entries()) {
      if (chunk !== undefined && areNull[index]!) chunk.statistics = { null_count: BigInt(this.rows) }
    }
    const pending = parquet.pendingIndexes.slice(known).find(({ chunk }) =>
      chunk.meta_data?.path_in_schema[0] === jobColumn
    )
    const filter = bloomOf(jobs)
    if (pending !== undefined && filter !== undefined) pending.bloomFilter = filter
    this.clear()
  }

  /** Holds a value of the next row, and returns its weight. */
  private hold(index: number, value: unknown): number {
    const held = encoded(this.columns[index]!.type, value)
    this.held[index]!.push(held)
    return weigh(held)
  }

  /** Counts a row of this weight. Returns whether the row group is full. */
  private counted(weight: number): boolean {
    this.rows++
    this.weight += weight
    return this.rows >= this.format.groupRows || this.weight >= this.format.groupBytes
  }

  private clear() {
    this.held = this.columns.map(() => [])
    this.rows = 0
    this.weight = 0
  }

  private source({ name, scattered, type }: Column, data: Array<unknown>, areNull: boolean): ColumnSource {
    // A dictionary of numbers takes -0 and 0 for the same, and old readers know no dictionaries of this kind at all.
    const isPlain = type === "double" || type === "points" || type === "bytes" || this.format.compression === "gzip"
    return {
      name,
      data,
      // The writer counts nulls one by one, as BigInts: of a column of nulls, `encode` says how many they are.
      statistics: type !== "json" && type !== "bytes" && !scattered && !areNull,
      // Rows of a job stand together: of no other column do pages differ enough.
      columnIndex: name === jobColumn,
      ...isPlain ? { encoding: "PLAIN" } : {}
    }
  }
}

/** A value as the writer takes it. Rows that come from a file have it so already. */
const encoded = (type: Column["type"], value: unknown): unknown => {
  if (type === "int64") return typeof value === "number" ? BigInt(value) : value
  return type === "points" && typeof value === "string" ? pointsOf(value) : value
}

const jobElement = { name: jobColumn, type: "BYTE_ARRAY", converted_type: "UTF8" } as const

/** Hashes of job ids. Hashing is slow, and the five tables of a commit have the same ids. The next commit repeats some. */
const hashes = new Map<unknown, bigint | undefined>()
const mostHashes = 10_000

/** Rows of one job stand together: each id is looked up once a run, not once a row. */
const bloomOf = (jobs: ReadonlyArray<unknown>): Uint32Array | undefined => {
  const builder = new BloomBuilder(jobElement)
  let last: unknown
  for (const job of jobs) {
    if (job === last) continue
    last = job
    let hash = hashes.get(job)
    if (hash === undefined) {
      hash = hashParquetValue(job, jobElement)
      if (hashes.size >= mostHashes) hashes.clear()
      hashes.set(job, hash)
    }
    if (hash !== undefined) builder.hashes.add(hash)
  }
  return builder.finalize()
}
