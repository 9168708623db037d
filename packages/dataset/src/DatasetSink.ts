/**
 * Stores jobs as a dataset of some format. A commit puts records of its jobs into a store under `.labelstream`; the end of a
 * run builds the dataset from all records and publishes it: unchanged files stay, and nothing of a job that changed is
 * left. Committed jobs survive a power cut; readers see the old dataset, none, or the new one.
 */
import { type JobSink, OptionError } from "@labelstream/core/sink"
import { FolderSink, type Fs, nodeFs } from "@labelstream/storage"
import type * as Schema from "effect/Schema"
import * as DatasetFormat from "./DatasetFormat.ts"
import { inspectPublished } from "./sink/inspectPublished.ts"
import * as Place from "./sink/place.ts"
import { recover } from "./sink/store/jobList.ts"
import { count, inspectStore } from "./sink/store/storeContents.ts"
import { start } from "./sink/work.ts"

/** Version of the code of all dataset sinks. */
export const version = "0.0.0"

/**
 * The capabilities of these sinks. As in a files sink, 128 jobs share the syncing of folders; one batch at a time. Nobody
 * reads a batch before the run ends, so it may wait longer to fill.
 */
export const capabilities: JobSink.Capabilities = {
  keying: "upsert",
  visibility: "finish",
  durability: "fsync",
  deterministic: false,
  inspectable: true,
  writers: "single",
  concurrentBatches: 1,
  batch: { maxRecords: 128, maxBytes: 128 * 1024 * 1024, maxAge: 500 }
}

/**
 * Makes a sink that keeps a dataset of a format in a folder. Opening and `check` fail with `conflict` where the folder
 * holds something else. `finish` fails with `rejected`, before anything is published, if `lossless` was asked for and
 * something would be lost.
 *
 * @example
 * ```ts
 * import { Coco, DatasetSink } from "@labelstream/dataset"
 *
 * const sink = DatasetSink.make(Coco.format, { directory: "./data/coco", split: { train: 0.8, val: 0.2 } })
 * ```
 */
export const make = <Fields extends Schema.Struct.Fields>(
  format: DatasetFormat.DatasetFormat<Fields>,
  options: DatasetFormat.AllOptionsOf<Fields>
): JobSink.JobSink => makeWith(format, options, nodeFs)

/** @internal For tests: with file operations that can fail. */
export const makeWith = <Fields extends Schema.Struct.Fields>(
  format: DatasetFormat.DatasetFormat<Fields>,
  options: DatasetFormat.AllOptionsOf<Fields>,
  fs: Fs
): JobSink.JobSink => {
  const { name } = format
  const needs: Place.Needs = { masks: format.needs.masks, inputs: (options.media ?? "copy") === "copy" }
  return FolderSink.make(
    {
      name,
      version,
      capabilities,
      obstacle: obstacleOf(format, options),
      journal: { atOnce: 8 },
      remembered: 64,
      at: Place.at,
      check: (place) => Place.check(place, name),
      recover: async (place) => {
        await Place.check(place, name)
        await recover(place)
      },
      work: (place, journal) => start(place, journal, format, options, needs),
      inspect: async function*([place], depth) {
        yield* inspectStore(place, needs, depth)
        yield* inspectPublished(place, depth)
      },
      unitOf: (path) => path.replace(/\.ndjson$/, "").split("/").slice(0, 4).join("/"),
      count: ([place]) => count(place, needs)
    },
    fs,
    options.directory
  )
}

/** Why the options cannot be used; undefined if they can. */
const obstacleOf = <Fields extends Schema.Struct.Fields>(
  format: DatasetFormat.DatasetFormat<Fields>,
  options: DatasetFormat.AllOptionsOf<Fields>
): string | undefined => {
  const problem = OptionError.problem(DatasetFormat.optionsOf(format), options)
  if (problem !== undefined) return problem.message
  const { split } = options
  const strange = typeof split === "object"
    ? Object.keys(split).find((of) => format.splits?.includes(of) === false)
    : undefined
  return strange === undefined
    ? undefined
    : `Option split: ${format.name} has the splits ${format.splits?.join(", ")} and not ${JSON.stringify(strange)}`
}
