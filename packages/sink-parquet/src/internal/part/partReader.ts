/** Reads the rows of one Parquet file in order, a row group at a time. What is skipped is not decoded. */
import { Files, type Fs } from "@labelstream/storage"
import {
  type AsyncBuffer,
  type ColumnData,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetReadObjects
} from "hyparquet"
import type { Row } from "../tables.ts"
import { decompressors } from "./codec.ts"
import { damaged } from "./partFile.ts"

/** A row group as the values of each column, by name. */
export interface Columns {
  readonly rows: number
  readonly values: ReadonlyMap<string, ReadonlyArray<unknown>>
}

/** A file being read, standing at one of its rows. */
export interface PartReader {
  /** Passes over rows. */
  readonly skip: (count: number) => void
  /** Yields the next rows, in arrays. Fails if there are fewer. */
  readonly take: (count: number) => AsyncGenerator<ReadonlyArray<Row>>
  /** Yields a row group at a time, from the one that begins with the first row asked for: no row becomes an object. */
  readonly groups: () => AsyncGenerator<Columns>
  readonly close: () => Promise<void>
}

/** Opens a file at a row. */
export const openPart = async (fs: Fs, path: string, row = 0): Promise<PartReader> => {
  const fd = await fs.open(path, "r")
  try {
    const file = bufferOf(fs, fd, (await fs.fstat(fd)).size)
    const metadata = await parquetMetadataAsync(file, { geoparquet: false })
    return readerOf(path, file, metadata, row, () => fs.close(fd))
  } catch (error) {
    await fs.close(fd).catch(() => {})
    throw explained(path, error)
  }
}

const readerOf = (
  path: string,
  file: AsyncBuffer,
  metadata: FileMetaData,
  row: number,
  close: () => Promise<void>
): PartReader => {
  let [group, start, at] = [0, 0, row]
  let rows: ReadonlyArray<Row> | undefined
  const options = (rowStart: number, rowEnd: number) => ({
    file,
    metadata,
    rowStart,
    rowEnd,
    compressors: decompressors,
    utf8: false,
    geoparquet: false,
    parsers: { jsonFromBytes: textOf, stringFromBytes: textOf }
  })
  /** The rows of the group that holds the current row. */
  const current = async (): Promise<ReadonlyArray<Row>> => {
    for (;; group++, rows = undefined) {
      const found = metadata.row_groups[group]
      if (found === undefined) throw explained(path, undefined)
      const end = start + Number(found.num_rows)
      if (at < end) {
        if (rows !== undefined) return rows
        const read: ReadonlyArray<Row> = await parquetReadObjects(options(start, end))
          .catch((error: unknown) => Promise.reject(explained(path, error)))
        return rows = read
      }
      start = end
    }
  }
  return {
    close,
    skip: (count) => void (at += count),
    take: async function*(count) {
      for (let left = count; left > 0;) {
        const found = await current()
        const part = found.slice(at - start, at - start + left)
        at += part.length
        left -= part.length
        yield part
      }
    },
    groups: async function*() {
      for (const { num_rows } of metadata.row_groups.slice(group)) {
        const [from, count] = [start, Number(num_rows)]
        start += count
        if (from < at) continue
        const values = new Map<string, Array<unknown>>()
        const onChunk = ({ columnData, columnName }: ColumnData) => {
          const known = values.get(columnName)
          if (known === undefined) values.set(columnName, Array.from(columnData))
          else for (const value of columnData) known.push(value)
        }
        await parquetRead({ ...options(from, start), onChunk })
          .catch((error: unknown) => Promise.reject(explained(path, error)))
        yield { rows: count, values }
      }
    }
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** A byte order mark is part of a value. */
const textOf = (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes)

/** System errors are not damage. */
const explained = (path: string, error: unknown) =>
  Files.codeOf(error) === undefined ? damaged(path, error) : Files.located(error, path)

const bufferOf = (fs: Fs, fd: number, byteLength: number): AsyncBuffer => ({
  byteLength,
  slice: async (start, end = byteLength) => {
    const bytes = new Uint8Array(Math.max(0, end - start))
    if (await Files.readFully(fs, fd, bytes, start) < bytes.length) {
      throw new Error("the file is shorter than its footer says")
    }
    return bytes.buffer
  }
})
