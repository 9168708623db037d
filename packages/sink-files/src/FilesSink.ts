/**
 * Stores result documents byte for byte as `<output>/<batch>/<job>.json`, their nested files in
 * `<output>/<batch>/<job>/`, and an index of both in `<output>/<batch>/manifest.ndjson`. Files appear complete or not
 * at all, and a commit survives a power cut once it returns. It does not read the documents.
 */
import { type JobSink, OptionError, SinkPlugin } from "@labelstream/core/sink"
import { FolderSink, type Fs, nodeFs } from "@labelstream/storage"
import * as Schema from "effect/Schema"
import { sinkName } from "./internal/failure.ts"
import { count, inspect, jobPathOf } from "./internal/inspect.ts"
import { putMarkedInOrder, repairAll } from "./internal/manifestFile.ts"
import { merge } from "./internal/merge.ts"
import { replay } from "./internal/replay.ts"
import * as Place from "./internal/target.ts"
import { start } from "./internal/work.ts"
import * as Manifest from "./Manifest.ts"

/** What `make` takes. No option is a secret. */
export const Options = Schema.Struct({
  /** Folder to write into, absolute or relative to the working directory. Made, with those above it, when opened. */
  directory: SinkPlugin.LocalPath.annotate({
    description: "Folder to write into, absolute or relative to the working directory. Created if it is missing."
  })
})

export type Options = typeof Options.Type

/** Version of the sink's own code. */
export const version = "0.0.0"

/**
 * What this sink can do. Batches of 128 share the syncs of their folders and manifest; larger ones gain little, and
 * cost more after a crash. So do 128 MiB of large files, none of which are held in memory. One batch at a time, so that
 * a crash costs one at most; two at once were not faster.
 */
export const capabilities: JobSink.Capabilities = {
  keying: "upsert",
  visibility: "commit",
  durability: "fsync",
  deterministic: true,
  inspectable: true,
  writers: "many",
  concurrentBatches: 1,
  batch: { maxRecords: 128, maxBytes: 128 * 1024 * 1024, maxAge: 50 }
}

/**
 * Makes a sink that stores jobs as files in a folder.
 *
 * `check` says whether the folder can be written to, or made, has a megabyte of space and no other writer, and changes
 * nothing. Opening fails with `conflict` while another process has the folder open. A record is rejected, and the rest of
 * its batch stored, when something that is not this sink's is in its place, such as a symbolic link.
 *
 * @example
 * ```ts
 * import { FilesSink } from "@labelstream/sink-files"
 *
 * const sink = FilesSink.make({ directory: "./output" })
 * ```
 */
export const make = (options: Options): JobSink.JobSink => makeWith(options, nodeFs)

/** @internal For tests: with file operations that can fail. */
export const makeWith = (options: Options, fs: Fs): JobSink.JobSink =>
  FolderSink.make(
    {
      name: sinkName,
      version,
      capabilities,
      obstacle: OptionError.problem(Options, options)?.message,
      journal: { atOnce: 8, head: Manifest.header },
      remembered: 64,
      at: Place.at,
      check: Place.check,
      recover: repairAll,
      work: start,
      branches: {
        merge,
        merged: async (place, { stillOpen }) => {
          if (stillOpen.length === 0) await putMarkedInOrder(place)
        }
      },
      inspect,
      unitOf: jobPathOf,
      count,
      replay
    },
    fs,
    options.directory
  )
