/**
 * Writes one Parquet file, a row group at a time as it fills. Row groups end after a fixed number of rows or bytes, so
 * that a file depends on its rows alone: a file that grows over many commits is the same as one written at once. Growing
 * is cheap, since full row groups are taken over as bytes.
 */
import { Files, type Fs } from "@labelstream/storage"
import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer"
import { BloomBuilder, writeBlooms } from "hyparquet-writer/src/bloom.js"
import { writeIndexes } from "hyparquet-writer/src/indexes.js"
import { writeMetadata } from "hyparquet-writer/src/metadata.js"
import { createHash } from "node:crypto"
import {
  type Column,
  columnsOf,
  footerSchemaOf,
  type Geometry,
  jobColumn,
  pointsOf,
  type Row,
  schemaOf,
  type TableName,
  weigh
} from "../tables.ts"
import { codecs, type Compression, compressors } from "./codec.ts"
import { damaged } from "./partFile.ts"
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

/** The full row groups of a file, as far as they are needed to write them again with more after them. */
export interface Full {
  readonly groups: ParquetWriter["row_groups"]
  readonly indexes: ParquetWriter["pendingIndexes"]
  /** Their end in the file. */
  readonly end: number
  readonly rows: number
  readonly weight: number
}

/** A finished file. */
export interface Finished {
  readonly size: number
  readonly sha256: string
  readonly rows: number
  readonly full: Full
}

/** Small enough that a row group has several pages to skip, large enough to compress well. */
const pageSize = 128 * 1024

const version = "0.1.0"

/** A file being written. Calls must not overlap. */
export class PartWriter {
  private readonly columns: ReadonlyArray<Column>
  // It grows: parts with little in them are many.
  private readonly bytes = new ByteWriter(32 * 1024)
  private readonly hash = createHash("sha256")
  private readonly parquet: ParquetWriter
  private held: Array<Array<unknown>> = []
  private heldRows = 0
  private heldWeight = 0
  private full: Full = { groups: [], indexes: [], end: 4, rows: 0, weight: 0 }
  private readonly fs: Fs
  private readonly path: string
  private readonly fd: number
  private readonly format: Format
  private readonly batchId: string
  private readonly table: TableName

  private constructor(fs: Fs, path: string, fd: number, table: TableName, batchId: string, format: Format) {
    this.fs = fs
    this.path = path
    this.fd = fd
    this.table = table
    this.batchId = batchId
    this.format = format
    this.columns = columnsOf(table, format.geometry)
    this.parquet = new ParquetWriter({
      writer: this.bytes,
      schema: schemaOf(this.columns),
      codec: codecs[format.compression],
      compressors
    })
    this.clear()
  }

  /** Makes a new file; fails if there is one. */
  static async create(fs: Fs, path: string, table: TableName, batchId: string, format: Format): Promise<PartWriter> {
    return new PartWriter(fs, path, await fs.open(path, "wx", 0o666), table, batchId, format)
  }

  /** Weight of all rows so far. */
  get weight(): number {
    return this.full.weight + this.heldWeight
  }

  /** Begins with the full row groups of another file. Before any row is added. */
  async takeOver(path: string, full: Full): Promise<void> {
    const { bytes, fs, parquet } = this
    await Files.withFile(fs, path, "r", async (from) => {
      const buffer = Buffer.allocUnsafe(Math.min(full.end, 1024 * 1024))
      for (let at = 0; at < full.end;) {
        const length = await fs.read(from, buffer.subarray(0, Math.min(buffer.length, full.end - at)), at)
        if (length === 0) throw damaged(path)
        await this.put(buffer.subarray(0, length))
        at += length
      }
    })
    bytes.index = 0
    bytes.offset = full.end
    parquet.row_groups.push(...full.groups)
    parquet.pendingIndexes.push(...full.indexes)
    parquet.num_rows = BigInt(full.rows)
    this.full = full
  }

  /** Adds rows in order. */
  async add(rows: Iterable<Row>): Promise<void> {
    const { columns } = this
    for (const row of rows) {
      let weight = 8 * columns.length
      for (let index = 0; index < columns.length; index++) weight += this.hold(index, row[columns[index]!.name])
      if (this.endsGroup(weight)) await this.endGroup()
    }
  }

  /** Adds the rows of a group of another file, in order. */
  async addGroup({ rows, values }: Columns): Promise<void> {
    const { columns } = this
    const found = columns.map(({ name }) => values.get(name))
    for (let at = 0; at < rows; at++) {
      let weight = 8 * columns.length
      for (let index = 0; index < columns.length; index++) weight += this.hold(index, found[index]?.[at])
      if (this.endsGroup(weight)) await this.endGroup()
    }
  }

  /** Holds a value of the next row, and returns its weight. */
  private hold(index: number, value: unknown): number {
    const held = encoded(this.columns[index]!.type, value)
    this.held[index]!.push(held)
    return weigh(held)
  }

  /** Counts a row of this weight. Returns whether the row group is full. */
  private endsGroup(weight: number): boolean {
    this.heldRows++
    this.heldWeight += weight
    return this.heldRows >= this.format.groupRows || this.heldWeight >= this.format.groupBytes
  }

  /** Writes what is left, and the footer; syncs and closes. The writer is of no use afterwards. */
  async finish(): Promise<Finished> {
    const { bytes, full, parquet } = this
    const rows = full.rows + this.heldRows
    const snapshot = { ...full, groups: [...full.groups], indexes: [...full.indexes] }
    if (this.heldRows > 0) this.encode()
    writeIndexes(bytes, parquet.pendingIndexes)
    writeBlooms(bytes, parquet.pendingIndexes)
    writeMetadata(
      bytes,
      {
        // Readers of version 2 take 1 as well; some old ones take nothing else.
        version: 1,
        created_by: `labelstream version ${version}`,
        schema: footerSchemaOf(this.columns),
        num_rows: parquet.num_rows,
        row_groups: parquet.row_groups,
        key_value_metadata: [
          { key: "labelstream.version", value: version },
          { key: "labelstream.table", value: this.table },
          { key: "labelstream.source", value: "GT Studio" },
          { key: "labelstream.batch_id", value: this.batchId }
        ]
      } as Parameters<typeof writeMetadata>[1]
    )
    bytes.appendUint32(0x31524150)
    await this.flush()
    await Files.at(this.path, this.fs.fsync(this.fd))
    await this.close()
    return { size: bytes.offset, sha256: this.hash.digest("hex"), rows, full: snapshot }
  }

  /** Closes the file without finishing it. */
  close(): Promise<void> {
    return Files.at(this.path, this.fs.close(this.fd))
  }

  private clear() {
    this.held = this.columns.map(() => [])
    this.heldRows = 0
    this.heldWeight = 0
  }

  private async endGroup(): Promise<void> {
    const { bytes, full, parquet } = this
    const rows = full.rows + this.heldRows
    const weight = full.weight + this.heldWeight
    this.encode()
    this.full = { groups: parquet.row_groups, indexes: parquet.pendingIndexes, end: bytes.offset, rows, weight }
    await this.flush()
  }

  private encode() {
    const { parquet } = this
    const known = parquet.pendingIndexes.length
    const jobs = this.held[this.columns.findIndex(({ name }) => name === jobColumn)]!
    void parquet.write({
      columnData: this.columns.map((column, index) => this.source(column, this.held[index]!)),
      rowGroupSize: this.heldRows,
      pageSize
    })
    const pending = parquet.pendingIndexes.slice(known).find(({ chunk }) =>
      chunk.meta_data?.path_in_schema[0] === jobColumn
    )
    const filter = bloomOf(jobs)
    if (pending !== undefined && filter !== undefined) pending.bloomFilter = filter
    this.clear()
  }

  private source({ name, scattered, type }: Column, data: Array<unknown>): ColumnSource {
    // A dictionary of numbers takes -0 and 0 for the same, and old readers know no dictionaries of this kind at all.
    const isPlain = type === "double" || type === "points" || type === "bytes" || this.format.compression === "gzip"
    return {
      name,
      data,
      statistics: type !== "json" && type !== "bytes" && !scattered,
      // Rows of a job stand together: of no other column do pages differ enough.
      columnIndex: name === jobColumn,
      ...isPlain ? { encoding: "PLAIN" } : {}
    }
  }

  private async flush(): Promise<void> {
    const { bytes } = this
    await this.put(new Uint8Array(bytes.buffer, 0, bytes.index))
    bytes.index = 0
  }

  private put(bytes: Uint8Array): Promise<void> {
    this.hash.update(bytes)
    return Files.at(this.path, Files.writeFully(this.fs, this.fd, bytes, null))
  }
}

/** A value as the writer takes it. Rows that come from a file have it so already. */
const encoded = (type: Column["type"], value: unknown): unknown => {
  if (type === "int64") return typeof value === "number" ? BigInt(value) : value
  return type === "points" && typeof value === "string" ? pointsOf(value) : value
}

/** Hashing is slow, and rows of one job stand together: each id is hashed once a run, not once a row. */
const bloomOf = (jobs: ReadonlyArray<unknown>): Uint32Array | undefined => {
  const builder = new BloomBuilder({ name: jobColumn, type: "BYTE_ARRAY", converted_type: "UTF8" })
  let last: unknown
  for (const job of jobs) {
    if (job !== last) builder.insert(job)
    last = job
  }
  return builder.finalize()
}
