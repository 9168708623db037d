/** The format under test, and the datasets that its rules share. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Dataset from "../Dataset.ts"
import type { DatasetError } from "../DatasetError.ts"
import type { DatasetFormat, OptionsOf, Output } from "../DatasetFormat.ts"
import type { Input } from "../Sample.ts"
import * as Split from "../Split.ts"
import { grown, ordinary, plain } from "./corpus.ts"
import * as MemoryOutput from "./MemoryOutput.ts"

/** The files of a dataset by path. */
export type Files = ReadonlyMap<string, Uint8Array>

/** The content of a dataset, as a reader finds it. */
export interface ReadBack {
  /** The names of the classes in the order of their numbers. */
  readonly classes: ReadonlyArray<string>
  /** By the name of the sample, without ending: the class of each annotation. */
  readonly samples: ReadonlyMap<string, ReadonlyArray<string>>
}

/** A format with its options, and a reader that uses none of the format's code. */
export interface Subject<Fields extends Schema.Struct.Fields> {
  readonly format: DatasetFormat<Fields>
  readonly options: OptionsOf<Fields>
  /** Reads a dataset as its users do, and fails if a file is missing that readers open first. */
  readonly read: (files: Files) => ReadBack | Promise<ReadBack>
  /** Whether the annotations of a class become one, as in class-id masks. Default: false. */
  readonly merges?: boolean
  /**
   * The numbers of samples that F07 compares. Each must exceed the number that the format buffers. Default: 110 and 220.
   */
  readonly samples?: readonly [few: number, many: number]
}

/** A dataset that was built in memory. */
export interface Built extends MemoryOutput.MemoryOutput {
  readonly summary: Dataset.Summary
}

/** A format and its datasets. Each shared dataset is built and read once. */
export interface Bench {
  readonly kind: Input["kind"]
  readonly merges: boolean
  readonly samples: readonly [few: number, many: number]
  /** A small sample that the format takes. */
  readonly plain: (index: number) => Input
  /** Whether the format takes a sample. */
  readonly takes: (input: Input) => boolean
  /** Writes a dataset to an output. */
  readonly write: (
    inputs: Stream.Stream<Input, DatasetError>,
    out: Output,
    settings?: Partial<Dataset.Settings>
  ) => Effect.Effect<Dataset.Summary, DatasetError>
  /** Builds a dataset in memory. */
  readonly build: (
    inputs: ReadonlyArray<Input>,
    settings?: Partial<Dataset.Settings>
  ) => Effect.Effect<Built, DatasetError>
  readonly read: (files: Files) => Effect.Effect<ReadBack>
  /** The dataset of all kinds of samples. */
  readonly ordinary: Effect.Effect<Built, DatasetError>
  readonly ordinaryRead: Effect.Effect<ReadBack, DatasetError>
  /** The same dataset later: a sample was changed, one was removed, and one was added with a new class. */
  readonly grown: Effect.Effect<Built, DatasetError>
  readonly grownRead: Effect.Effect<ReadBack, DatasetError>
}

const split = Split.make({ shares: { train: 0.6, val: 0.4 } })

const once = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => Effect.runSync(Effect.cached(effect))

/** Prepares a format for its rules. */
export const make = <Fields extends Schema.Struct.Fields>(
  { format, merges = false, options, read: readFiles, samples = [110, 220] }: Subject<Fields>
): Bench => {
  const { kind, needs, refuses } = format
  const takes: Bench["takes"] = (input) =>
    input.kind === kind && (input.width !== null || !needs.sizes) && (refuses?.(input, options) ?? null) === null
  const isForFrames = !takes(plain(0, kind, false))
  const write: Bench["write"] = (inputs, out, settings) =>
    Dataset.build(format, options, inputs, { split, names: "reference", ...settings }, out)
  const build: Bench["build"] = (inputs, settings) =>
    Effect.suspend(() => {
      const out = MemoryOutput.make()
      return Effect.map(write(Stream.fromArray(inputs), out, settings), (summary) => ({ ...out, summary }))
    })
  const read: Bench["read"] = (files) => Effect.promise(async () => readFiles(files))
  const first = once(build(ordinary))
  const later = once(Effect.flatMap(first, ({ summary: { classes } }) => build(grown, { frozen: classes })))
  return {
    kind,
    merges,
    samples,
    plain: (index) => plain(index, kind, isForFrames || index % 20 >= 10),
    takes,
    write,
    build,
    read,
    ordinary: first,
    ordinaryRead: once(Effect.flatMap(first, ({ files }) => read(files))),
    grown: later,
    grownRead: once(Effect.flatMap(later, ({ files }) => read(files)))
  }
}
