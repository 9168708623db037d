/**
 * Writes one Parquet file, a row group at a time as it fills. Row groups end after a fixed number of rows or bytes, so
 * that a file depends on its rows alone: a file that grows over many commits is the same as one written at once. Growing
 * is cheap, since full row groups are taken over as bytes.
 */
import { Files, type Fs } from "@labelstream/storage"
import { ByteWriter, ParquetWriter } from "hyparquet-writer"
import { writeBlooms } from "hyparquet-writer/src/bloom.js"
import { writeIndexes } from "hyparquet-writer/src/indexes.js"
import { writeMetadata } from "hyparquet-writer/src/metadata.js"
import { createHash } from "node:crypto"
import { type Column, columnsOf, footerSchemaOf, type Row, schemaOf, type TableName } from "../tables.ts"
import { codecs, compressors } from "./codec.ts"
import { damaged } from "./partFile.ts"
import type { Columns } from "./partReader.ts"
import { type Format, RowGroup } from "./rowGroup.ts"

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

const version = "0.0.0"

/** A file being written. Calls must not overlap. */
export class PartWriter {
  private readonly columns: ReadonlyArray<Column>
  // It grows: parts with little in them are many.
  private readonly bytes = new ByteWriter(32 * 1024)
  private readonly hash = createHash("sha256")
  private readonly parquet: ParquetWriter
  private readonly group: RowGroup
  private full: Full = { groups: [], indexes: [], end: 4, rows: 0, weight: 0 }
  private readonly fs: Fs
  private readonly path: string
  private readonly fd: number
  private readonly batchId: string
  private readonly table: TableName

  private constructor(fs: Fs, path: string, fd: number, table: TableName, batchId: string, format: Format) {
    this.fs = fs
    this.path = path
    this.fd = fd
    this.table = table
    this.batchId = batchId
    this.columns = columnsOf(table, format.geometry)
    this.group = new RowGroup(this.columns, format)
    this.parquet = new ParquetWriter({
      writer: this.bytes,
      schema: schemaOf(this.columns),
      codec: codecs[format.compression],
      compressors
    })
  }

  /** Makes a new file; fails if there is one. */
  static async create(fs: Fs, path: string, table: TableName, batchId: string, format: Format): Promise<PartWriter> {
    return new PartWriter(fs, path, await fs.open(path, "wx", 0o666), table, batchId, format)
  }

  /** Weight of all rows so far. */
  get weight(): number {
    return this.full.weight + this.group.weight
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
    for (const row of rows) {
      if (this.group.add(row)) await this.endGroup()
    }
  }

  /** Adds the rows of a group of another file, in order. */
  async addGroup(group: Columns): Promise<void> {
    const add = this.group.adder(group)
    for (let at = 0; at < group.rows; at++) {
      if (add(at)) await this.endGroup()
    }
  }

  /** Writes what is left, and the footer; syncs and closes. The writer is of no use afterwards. */
  async finish(): Promise<Finished> {
    const { bytes, full, group, parquet } = this
    const rows = full.rows + group.rows
    const snapshot = { ...full, groups: [...full.groups], indexes: [...full.indexes] }
    if (group.rows > 0) group.encode(parquet)
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

  private async endGroup(): Promise<void> {
    const { bytes, full, group, parquet } = this
    const rows = full.rows + group.rows
    const weight = full.weight + group.weight
    group.encode(parquet)
    this.full = { groups: parquet.row_groups, indexes: parquet.pendingIndexes, end: bytes.offset, rows, weight }
    await this.flush()
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
