/**
 * The contract of a dataset format: it says what it can hold, and writes samples as files. Names, splits, classes, clamping,
 * counting of losses, and `samples.csv` are the same for all formats, and done before a format sees a sample.
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Classes } from "./Classes.ts"
import type { DatasetError } from "./DatasetError.ts"
import * as DatasetOptions from "./DatasetOptions.ts"
import type { Carried } from "./Loss.ts"
import type { Input, Sample, Samples, Shape } from "./Sample.ts"

/** The content of a file: text, written as UTF-8, or bytes, or a stream of bytes in pieces of any size. */
export type FileContent = string | Uint8Array | Stream.Stream<Uint8Array, DatasetError>

/** Where a format writes. Paths are relative to the dataset, with `/`, and each is written once. */
export interface Output {
  /**
   * Writes a file. An `entry` is a file that readers open first: when a dataset is published, entries are removed first
   * and put last, so that no reader finds half of a dataset.
   */
  readonly file: (
    path: string,
    content: FileContent,
    options?: { readonly entry?: boolean }
  ) => Effect.Effect<void, DatasetError>
  /**
   * Puts the sample's input at a path, as the option `media` says: without a file there, it does nothing or counts it. A
   * format that has images in its own files calls this for those that are missing, so that they are counted.
   */
  readonly media: (sample: Sample, path: string) => Effect.Effect<void, DatasetError>
  /** Adds a sentence to the summary of the run. */
  readonly note: (text: string) => Effect.Effect<void>
}

/** The options of a format whose fields these are. */
export type OptionsOf<Fields extends Schema.Struct.Fields> = Schema.Struct<Fields>["Type"]

/** Whether a format has a place for attributes and for track ids. */
export interface Holds {
  readonly attributes: boolean
  readonly tracks: boolean
}

/** A dataset format. */
export interface DatasetFormat<Fields extends Schema.Struct.Fields> {
  /** Such as `coco`. */
  readonly name: string
  /** The format's own options, each annotated with a description that names its default. */
  readonly fields: Fields
  /** Options that change what it keeps, by the word for them (empty for the defaults). Default: none does. */
  readonly variants?: Readonly<Record<string, OptionsOf<Fields>>>
  /** The names that a split may have; undefined for any. */
  readonly splits?: ReadonlyArray<string>
  /** Whether readers open `classes.json` first: it is an `entry` then. Default: false. */
  readonly opensClasses?: boolean
  /** The kind of its samples. Others are left out, and counted. */
  readonly kind: Sample["kind"]
  /** Whether it needs the size of an image, without which a sample is left out and counted, and whether it reads masks. */
  readonly needs: { readonly sizes: boolean; readonly masks: boolean }
  /** Attributes and track ids without a place are listed in the loss report. */
  readonly holds: Holds | ((options: OptionsOf<Fields>) => Holds)
  /** Why it cannot take a sample of its kind, in a few words; null if it can. Such samples are left out, and counted. */
  readonly refuses?: (input: Input, options: OptionsOf<Fields>) => string | null
  /** How it writes a shape. It is not given shapes that it drops. */
  readonly carries: (shape: Shape, options: OptionsOf<Fields>) => Carried
  /** Writes all samples. Collects nothing: it runs `samples` as often as it needs to. */
  readonly write: (
    samples: Samples,
    classes: Classes,
    out: Output,
    options: OptionsOf<Fields>
  ) => Effect.Effect<void, DatasetError>
}

/** Makes a format, with the types of its options inferred. */
export const make = <const Fields extends Schema.Struct.Fields>(format: DatasetFormat<Fields>): DatasetFormat<Fields> =>
  format

/** Returns what a format with these options has a place for. */
export const holdsOf = <Fields extends Schema.Struct.Fields>(
  { holds }: DatasetFormat<Fields>,
  options: OptionsOf<Fields>
): Holds => typeof holds === "function" ? holds(options) : holds

/** The Schema of all options of a dataset of this format: the shared ones and its own. */
export const optionsOf = <Fields extends Schema.Struct.Fields>(format: DatasetFormat<Fields>) =>
  Schema.Struct({ ...DatasetOptions.fields, ...format.fields })

/** All options of a dataset whose format has these fields. */
export type AllOptionsOf<Fields extends Schema.Struct.Fields> = DatasetOptions.Options & OptionsOf<Fields>
