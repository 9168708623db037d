/** Compression of pages, by Node's own zlib. */
import type { Compressors } from "hyparquet"
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib"

/** What a dataset may be compressed with. */
export type Compression = "zstd" | "gzip" | "snappy" | "none"

/** Parquet's words for them. */
export const codecs = { zstd: "ZSTD", gzip: "GZIP", snappy: "SNAPPY", none: "UNCOMPRESSED" } as const

/** Snappy comes with the writer. */
export const compressors = {
  ZSTD: (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes, zstd),
  GZIP: (bytes: Uint8Array): Uint8Array => gzipSync(bytes)
}

/** Snappy comes with the reader too. */
export const decompressors: Compressors = {
  ZSTD: (bytes) => zstdDecompressSync(bytes),
  GZIP: (bytes) => gunzipSync(bytes)
}

const zstd = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }
