/**
 * Stores result documents byte for byte as `<output>/<batch>/<job>.json`, their nested files in `<output>/<batch>/<job>/`,
 * and what belongs together in `<output>/<batch>/manifest.ndjson`. Files appear whole or not at all, and a commit that
 * has been answered survives a power cut. It does not read the documents: what they hold is kept as it is.
 */
import { type JobSink, SinkPlugin } from "@labelstream/core"
import { Failure, Lock } from "@labelstream/files"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { sinkName, toSinkError } from "./internal/failure.ts"
import { type Fs, nodeFs } from "./internal/fs.ts"
import { count, inspect } from "./internal/inspect.ts"
import { merge, open, openPart } from "./internal/open.ts"
import * as Place from "./internal/place.ts"
import { replay } from "./internal/replay.ts"
import { attempt } from "./internal/step.ts"

/** What `make` takes. No option is a secret. */
export const Options = Schema.Struct({
  /** Folder to write into, absolute or relative to the working directory. Made, with those above it, when opened. */
  directory: SinkPlugin.LocalPath.annotate({
    description: "Folder to write into, absolute or relative to the working directory. Made when it is missing."
  })
})

export type Options = typeof Options.Type

/** Version of the sink's own code. */
export const version = "0.1.0"

/**
 * What this sink can do. Batches of 128 share the syncing of their folders and manifest; larger ones gain little, and
 * cost more after a crash. So do 128 MiB of large files, none of which are held in memory. One batch at a time, so that
 * a crash costs one at most; two at once were no faster.
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
 * `check` tells whether the folder can be written to, or made, has a megabyte of space and no other writer, and changes
 * nothing. Opening fails with `conflict` while another process has the folder open. A record is rejected, and the rest of
 * its batch stored, when something that is not this sink's stands in its place, such as a symbolic link.
 *
 * @example
 * ```ts
 * import { FilesystemSink } from "@labelstream/sink-filesystem"
 *
 * const sink = FilesystemSink.make({ directory: "./output" })
 * ```
 */
export const make = (options: Options): JobSink.JobSink => makeWith(options, nodeFs)

/** @internal For tests: with file operations that can fail. */
export const makeWith = (options: Options, fs: Fs): JobSink.JobSink => {
  const place = Place.at(fs, options.directory)
  const sound = async () => {
    if (Schema.is(Options)(options)) return
    throw new Failure.Problem(
      "misconfigured",
      "the directory is not a path of this machine: see FilesystemSink.Options"
    )
  }
  return {
    name: sinkName,
    version,
    id: `${sinkName}:${place.output}`,
    capabilities,
    check: attempt({ step: "check" }, async () => {
      await sound()
      await Place.check(place)
      await Lock.checkFree(place)
    }),
    open: Effect.andThen(attempt({ step: "open" }, sound), open(place)),
    shared: {
      open: (writer) => Effect.andThen(attempt({ step: "open" }, sound), openPart(place)(writer)),
      merge: Effect.andThen(attempt({ step: "merge" }, sound), merge(place))
    },
    inspect: (depth) =>
      Stream.suspend(() => Stream.fromAsyncIterable(inspect(place, depth), toSinkError({ step: "inspect" }))),
    count: attempt({ step: "inspect" }, () => count(place)),
    replay: Stream.suspend(() => Stream.fromAsyncIterable(replay(place), toSinkError({ step: "inspect" })))
  }
}
