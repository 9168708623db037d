/**
 * Stores jobs, annotations, media, and attachments as tables of one SQLite file, with the documents as they came next to them. A
 * commit is one transaction: readers see all of a batch or nothing, a reworked job leaves no old row, and a killed run
 * leaves the file as its last commit did. Any number of programs may read while a run writes.
 */
import { type JobSink, OptionError, SinkPlugin } from "@labelstream/core/sink"
import { DatabaseOptions, Failure } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { resolve } from "node:path"
import { check, openWriter } from "./internal/database.ts"
import { attempt, sinkName } from "./internal/failure.ts"
import { count, inspect } from "./internal/inspect.ts"
import { readBytes } from "./internal/read.ts"
import { replay } from "./internal/replay.ts"
import { start } from "./internal/session.ts"
import { type Open, open as openFile } from "./internal/sqlite.ts"

/** What `make` takes. No option is a secret. */
export const Options = Schema.Struct({
  /**
   * Path of the file, absolute or relative to the working directory. Made with its folder if missing. While a run
   * writes, `-wal`, `-shm` and `-lock` stand next to it. Not for network file systems: their locks cannot be relied on.
   */
  file: SinkPlugin.LocalPath.annotate({
    description: "Path of the SQLite file. Created with its folder if it is missing."
  }),
  documents: DatabaseOptions.documents,
  attachments: DatabaseOptions.attachments,
  /**
   * What an acknowledged commit survives. `fsync` (default): a power cut, for one sync of the disk per commit.
   * `process`: the death of the process; a power cut may cost the latest commits, but never harms the file.
   */
  durability: Schema.optionalKey(
    Schema.Literals(["fsync", "process"]).annotate({
      description: "What a commit survives: a power cut (fsync, the default), or the end of the process (process)."
    })
  )
})

export type Options = typeof Options.Type

/** Version of the sink's own code. */
export const version = "0.0.0"

/**
 * What this sink can do with its default options. One batch at a time, because SQLite has one writer; with 500 records,
 * a commit costs little compared with the rows. The same input gives the same rows, but not the same bytes, because the
 * place of a row depends on the order in which jobs arrive.
 */
export const capabilities: JobSink.Capabilities = {
  keying: "upsert",
  visibility: "commit",
  durability: "fsync",
  deterministic: false,
  inspectable: true,
  writers: "single",
  concurrentBatches: 1,
  batch: { maxRecords: 500, maxBytes: 32 * 1024 * 1024, maxAge: 200 }
}

/**
 * Makes a sink that stores jobs in a SQLite file.
 *
 * `check` changes nothing. Opening fails with `conflict` while another run has the file, and for a file that is not this
 * sink's or has the tables of an older version, which is read and not written to; with `corrupt` for a damaged one and for
 * one that a newer version wrote. A record whose values no table takes is rejected, and the rest of its batch stored.
 *
 * @example
 * ```ts
 * import { SqliteSink } from "@labelstream/sink-sqlite"
 *
 * const sink = SqliteSink.make({ file: "./labels.db" })
 * ```
 */
export const make = (options: Options): JobSink.JobSink => makeWith(options, {})

/** @internal For tests: with databases that can fail. */
export const makeWith = (
  options: Options,
  inner: { readonly open?: Open }
): JobSink.JobSink => {
  const { durability = "fsync" } = options
  const obstacle = OptionError.problem(Options, options)?.message
  // With invalid options, every step fails before it looks at the file.
  const file = resolve(obstacle === undefined ? options.file : "")
  const settings = { file, durability, open: inner.open ?? openFile }
  const sound = (step: JobSink.SinkError["step"]) =>
    attempt(file, { step }, () => {
      if (obstacle !== undefined) throw new Failure.Problem("misconfigured", obstacle)
    })
  return {
    name: sinkName,
    version,
    id: `${sinkName}:${file}`,
    capabilities: { ...capabilities, durability },
    check: Effect.andThen(sound("check"), attempt(file, { step: "check" }, () => check(file))),
    open: Effect.andThen(sound("open"), openWriter(settings, (db) => start(db, file, DatabaseOptions.keepOf(options)))),
    inspect: (depth) => Stream.unwrap(Effect.map(sound("inspect"), () => inspect(file, depth))),
    replay: Stream.unwrap(Effect.map(sound("inspect"), () => replay(file))),
    count: Effect.flatMap(sound("inspect"), () => count(file))
  }
}

/** Names a job of a file. */
export interface JobIds {
  readonly batchId: string
  readonly jobId: string
}

/**
 * Reads a job's result document as it came, in arrays of up to 4 MiB, while a run writes to the file or not. Fails with
 * `misconfigured` where the file holds none.
 */
export const readDocument = (file: string, ids: JobIds): Stream.Stream<Uint8Array, JobSink.SinkError> =>
  Stream.suspend(() => readBytes(resolve(file), ids, undefined))

/** Reads a nested file by its `attachment_index`, as {@link readDocument} does. */
export const readAttachment = (
  file: string,
  ids: JobIds & { readonly index: number }
): Stream.Stream<Uint8Array, JobSink.SinkError> => Stream.suspend(() => readBytes(resolve(file), ids, ids.index))
