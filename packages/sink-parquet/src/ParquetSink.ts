/**
 * Stores jobs as a Parquet dataset: the tables `jobs`, `annotations`, `media`, and `attachments` of the normalized
 * model, and `contents` with their bytes, each under `<table>/batch-<batch>/part-<number>.parquet`. A changed job
 * replaces its rows in place. Parts appear complete, and a commit survives a power cut once it returns.
 * docs/sinks/parquet.md says what a reader may see while a commit is being published.
 */
import { type JobSink, OptionError, SinkPlugin } from "@labelstream/core/sink"
import { FolderSink, type Fs, nodeFs } from "@labelstream/storage"
import * as Schema from "effect/Schema"
import { sinkName } from "./internal/failure.ts"
import { count, inspect } from "./internal/inspect.ts"
import { merge } from "./internal/merge.ts"
import { keepReadable } from "./internal/part/emptyTables.ts"
import { replay } from "./internal/replay.ts"
import * as Place from "./internal/target.ts"
import { type Settings, start } from "./internal/work.ts"

const positive = Schema.Int.check(Schema.isGreaterThan(0))

/** What `make` takes. No option is a secret. */
export const Options = Schema.Struct({
  /** Folder of the dataset, absolute or relative to the working directory. Made, with those above it, when opened. */
  directory: SinkPlugin.LocalPath.annotate({
    description: "Folder of the dataset, absolute or relative to the working directory. Created if it is missing."
  }),
  /**
   * Compression of pages, default `zstd`. `gzip` gives about the same size at several times the work, leaves
   * dictionaries out, and is for old readers such as parquetjs-lite. `snappy` is half as large again; `none` is larger
   * still. A change applies to files written from then on.
   */
  compression: Schema.optionalKey(Schema.Literals(["zstd", "gzip", "snappy", "none"])).annotate({
    description: "Compression of pages: zstd (default), gzip for old readers, snappy or none."
  }),
  /**
   * How geometry is stored, default `json`: text of the logical type JSON. `points` is a nested list of numbers, for
   * readers that calculate with it; geometry that is not a list of points (cuboids, 3D boxes) is then null. Fixed for
   * the life of a dataset.
   */
  geometry: Schema.optionalKey(Schema.Literals(["json", "points"])).annotate({
    description: "Geometry as JSON text (json, default), or points as a nested list (points)."
  }),
  /**
   * What is kept in `contents`, default `all`: the bytes of result documents and nested files, in chunks of 1 MiB.
   * `documents` leaves the nested files out, `none` everything: right where another sink keeps them. Costs the size of
   * the files, compressed.
   */
  keep: Schema.optionalKey(Schema.Literals(["all", "documents", "none"])).annotate({
    description: "Which bytes are kept next to the rows: all files (default), result documents only, or none."
  }),
  /**
   * Most rows of a row group, default 50,000. A row group also ends at 8 MiB before encoding, which ordinary annotations
   * reach at about 25,000 rows: two groups are held in memory, and a commit encodes the last one again.
   */
  rowGroupRows: Schema.optionalKey(positive).annotate({ description: "Maximum rows of a row group. Default: 50000." }),
  /**
   * Size of a part in bytes before encoding, all tables together, default 128 MiB: about 20 to 40 MB of files. A part ends
   * with the job that reaches it. Each commit copies the last part of its batch, and a rework rewrites the part it is in.
   */
  partBytes: Schema.optionalKey(positive).annotate({
    description: "Size of a part in bytes before encoding, all tables together. Default: 134217728 (128 MiB)."
  })
})

export type Options = typeof Options.Type

/** Version of the sink's own code. */
export const version = "0.0.0"

/**
 * What this sink can do. Every commit copies the last part of its batch, so batches are large and wait for up to five
 * seconds. The rows of a commit are in listing order. Files are not deterministic: timing decides which jobs share a
 * commit, and with several writers, which of them had which jobs.
 */
export const capabilities: JobSink.Capabilities = {
  keying: "upsert",
  visibility: "commit",
  durability: "fsync",
  deterministic: false,
  inspectable: true,
  writers: "many",
  concurrentBatches: 1,
  batch: { maxRecords: 5000, maxBytes: 64 * 1024 * 1024, maxAge: "5 seconds" }
}

/**
 * Makes a sink that stores jobs in a Parquet dataset.
 *
 * `check` says whether the folder can be written to, or made, has a megabyte of space and no other writer, and whether
 * it holds geometry in the form asked for; it changes nothing. Opening fails with `conflict` while another process has the
 * dataset open, and for a dataset with the tables of an older version, which is read and not written to. A record is rejected, and the rest of its batch stored, when its bytes cannot be read, its id cannot be
 * written as UTF-8, or a count of it is no integer of 32 bits. Text that holds half of a surrogate pair is stored with
 * U+FFFD in its place.
 *
 * @example
 * ```ts
 * import { ParquetSink } from "@labelstream/sink-parquet"
 *
 * const sink = ParquetSink.make({ directory: "./dataset" })
 * ```
 */
export const make = (options: Options): JobSink.JobSink => makeWith(options, nodeFs)

/** @internal For tests: with file operations that can fail, and row groups that end after fewer bytes. */
export const makeWith = (options: Options, fs: Fs, groupBytes = 8 * 1024 * 1024): JobSink.JobSink => {
  const {
    compression = "zstd",
    geometry = "json",
    keep = "all",
    partBytes = 128 * 1024 * 1024,
    rowGroupRows = 50_000
  } = options
  const settings: Settings = { format: { compression, geometry, groupRows: rowGroupRows, groupBytes }, keep, partBytes }
  return FolderSink.make(
    {
      name: sinkName,
      version,
      capabilities,
      obstacle: OptionError.problem(Options, options)?.message,
      journal: { atOnce: 1 },
      // Batches of up to 5,000 jobs, which stay in memory.
      remembered: 4,
      at: Place.at,
      check: (place) => Place.check(place, geometry),
      recover: (place) => Place.recover(place, geometry),
      work: (place) => start(place, settings),
      branches: {
        merge: (place, branches, journal) => merge(place, branches, journal, settings.format),
        merged: (place) => keepReadable(place, settings.format)
      },
      inspect,
      unitOf: (path) => path,
      count,
      replay
    },
    fs,
    options.directory
  )
}
