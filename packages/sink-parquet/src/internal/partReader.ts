/** Reads the rows of one Parquet file in order, a row group at a time. What is skipped is not decoded. */
import { Files } from "@labelstream/files"
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from "hyparquet"
import { decompressors } from "./codec.ts"
import type { Fs } from "./fs.ts"
import { damaged } from "./partFile.ts"
import type { Row } from "./tables.ts"

/** A file being read, standing at one of its rows. */
export class PartReader {
  private readonly fs: Fs
  private readonly path: string
  private readonly fd: number
  private readonly file: AsyncBuffer
  private readonly metadata: FileMetaData
  private group = 0
  private start = 0
  private rows: ReadonlyArray<Row> | undefined
  private at: number

  private constructor(fs: Fs, path: string, fd: number, file: AsyncBuffer, metadata: FileMetaData, at: number) {
    this.fs = fs
    this.path = path
    this.fd = fd
    this.file = file
    this.metadata = metadata
    this.at = at
  }

  /** Opens a file at a row. */
  static async open(fs: Fs, path: string, row = 0): Promise<PartReader> {
    const fd = await fs.open(path, "r")
    try {
      const file = bufferOf(fs, fd, (await fs.fstat(fd)).size)
      const metadata = await parquetMetadataAsync(file, { geoparquet: false })
      return new PartReader(fs, path, fd, file, metadata, row)
    } catch (error) {
      await fs.close(fd).catch(() => {})
      throw explained(path, error)
    }
  }

  /** Passes over rows. */
  skip(count: number): void {
    this.at += count
  }

  /** Yields the next rows, in arrays. Fails where there are fewer. */
  async *take(count: number): AsyncGenerator<ReadonlyArray<Row>> {
    for (let left = count; left > 0;) {
      const rows = await this.current()
      const from = this.at - this.start
      const part = rows.slice(from, from + left)
      this.at += part.length
      left -= part.length
      yield part
    }
  }

  close(): Promise<void> {
    return this.fs.close(this.fd)
  }

  /** The rows of the group that holds the current row. */
  private async current(): Promise<ReadonlyArray<Row>> {
    for (;;) {
      const found = this.metadata.row_groups[this.group]
      if (found === undefined) throw explained(this.path, undefined)
      const end = this.start + Number(found.num_rows)
      if (this.at < end) {
        const { file, metadata, start } = this
        if (this.rows !== undefined) return this.rows
        const rows: ReadonlyArray<Row> = await parquetReadObjects({
          file,
          metadata,
          rowStart: start,
          rowEnd: end,
          compressors: decompressors,
          utf8: false,
          geoparquet: false,
          parsers: { jsonFromBytes: textOf, stringFromBytes: textOf }
        }).catch((error: unknown) => Promise.reject(explained(this.path, error)))
        this.rows = rows
        return rows
      }
      this.group++
      this.start = end
      this.rows = undefined
    }
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** A byte order mark is part of a value. */
const textOf = (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes)

/** What the system says is no damage. */
const explained = (path: string, error: unknown) =>
  Files.codeOf(error) === undefined ? damaged(path, error) : Files.located(error, path)

const bufferOf = (fs: Fs, fd: number, byteLength: number): AsyncBuffer => ({
  byteLength,
  slice: async (start, end = byteLength) => {
    const bytes = new Uint8Array(Math.max(0, end - start))
    for (let at = 0; at < bytes.length;) {
      const length = await fs.read(fd, bytes.subarray(at), start + at)
      if (length === 0) throw new Error("the file is shorter than its footer says")
      at += length
    }
    return bytes.buffer
  }
})
