/**
 * What the author of a sink gives to the kit: how to make it, how a reader reads what it stored, and what the kit needs
 * for running it in its own process. Whatever is left out waives the rules that need it, for all to see.
 */
import type { AnnotationModel, JobSink } from "@labelstream/core/sink"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** One job as a reader of the target finds it. */
export interface StoredJob {
  readonly batchId: string
  readonly jobId: string
  /** Which revision it is; what a sink gives that stores neither documents nor rows. */
  readonly revision?: JobSink.Revision
  /** The result document, byte for byte; left out by sinks that store rows alone. */
  readonly document?: Uint8Array
  /** Nested files in document order; left out if there are none, and if the document has them. */
  readonly attachments?: ReadonlyArray<Uint8Array>
  /** The job's annotations in order of their index; left out by sinks that store documents alone. */
  readonly rows?: ReadonlyArray<AnnotationModel.AnnotationRow>
  /** The job's inputs in order of their index; left out by sinks without a table of them. */
  readonly media?: ReadonlyArray<AnnotationModel.MediaRow>
}

/** One file as the sink's manifest lists it. */
export interface ListedFile {
  /** Relative to the target. */
  readonly path: string
  readonly size: number
  /** 64 lower-case hex digits. */
  readonly sha256: string
}

/** A sink under test. */
export interface Subject {
  /**
   * Makes the sink for a target. Called often: the same target is the same place. The target is the absolute path of a
   * folder that exists and is empty at first; a sink that stores elsewhere takes it as a name.
   */
  readonly make: (target: string) => JobSink.JobSink
  /** `files`: everything that the sink stores is in the target's folder, and the kit looks at it there. */
  readonly location: "files" | "elsewhere"
  /**
   * `documents` (the default): the bytes of result documents and nested files, with rows or without. `rows`: only the
   * annotations, which waives the rules about bytes. `dataset`: what a format for training has a place for, which waives the
   * rules about documents and rows; `readBack` then gives the revisions of the jobs in the sink's store.
   */
  readonly content?: "documents" | "rows" | "dataset"
  /**
   * Reads what is stored as the sink's readers do, with another reader than the sink's own code if one exists. It is
   * called while the sink is open, after crashes, and on damaged targets, where it may fail. For a sink that publishes
   * at the end, it reads the store: everything committed, published or not.
   */
  readonly readBack?: (target: string) => Effect.Effect<ReadonlyArray<StoredJob>, unknown>
  /**
   * Reads all files that a sink with `visibility: "finish"` has published: their bytes by their paths, which are
   * relative to the target if that is a folder. Returns none if nothing is published.
   */
  readonly published?: (target: string) => Effect.Effect<ReadonlyMap<string, Uint8Array>, unknown>
  /**
   * The published files that readers begin with, such as `data.yaml`: while one of them exists, all others must be
   * those that it names. Default: none, and the publication must change at once.
   */
  readonly entries?: ReadonlyArray<string>
  /**
   * Where a child process finds `make`: URL or absolute path of a module, and the name of the export (default `make`).
   * The module must import without vitest. `programs` is a folder with the kit's `child/main` and `child/faults`,
   * bundled with the module so that processes start sooner; default: they run unbundled.
   */
  readonly module?: { readonly url: string | URL; readonly export?: string; readonly programs?: string }
  /**
   * `node` (the default): functions of `node:fs` write everything, and the kit makes them fail and records them.
   * `native`: native code writes, where a failing sync cannot be simulated; that waives the rules that need it.
   */
  readonly io?: "node" | "native"
  /** The files that the sink's manifest lists, for sinks that have one. */
  readonly manifest?: (target: string) => Effect.Effect<ReadonlyArray<ListedFile>, unknown>
  /**
   * Removes or changes something that the sink stores of some jobs, behind its back, each named by what it does: for sinks
   * without a manifest of files.
   */
  readonly damages?: Readonly<Record<string, (target: string) => Effect.Effect<void, unknown>>>
  /** What NUL characters become in columns of text and JSON, for a database that has none. Default: they stay. */
  readonly nul?: string
  /**
   * Makes the target unreachable until the scope closes, for sinks that store elsewhere: connections break, the
   * responses to requests in flight are lost, and no connection is made. `readBack` still reads the target.
   */
  readonly outage?: (target: string) => Effect.Effect<void, unknown, Scope.Scope>
  /** How many random sequences of steps X01 tries, from 1. Default: 40 where the sink keeps files in the target, else 100. */
  readonly sequences?: number
  /** Part of a secret that `make` fills into the sink's options: it must be found nowhere. */
  readonly secret?: string
  /** Rules that the sink openly does not keep, by id, with the reason: shown with it, and never counted as passed. */
  readonly waive?: Readonly<Record<string, string>>
}
