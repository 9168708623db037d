/** The steps that a child process does with a sink, and its answers. */
import type { Content, JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { inMemory } from "../contents.ts"
import { jobs, plain, type TestJob } from "../jobs.ts"
import type { Faults } from "./control.ts"
import type { Operation } from "./operations.ts"

/** One step. Each gives one answer, unless the process dies in it. */
export type Step =
  /** Opens the place, or the part of a writer. */
  | { readonly do: "open"; readonly writer?: string }
  | { readonly do: "close" | "settle" }
  | { readonly do: "finish"; readonly killAtUse?: number }
  /** Records operations from here on, and answers with those recorded. */
  | { readonly do: "record" | "recorded" }
  | { readonly do: "stage"; readonly batch: number; readonly killAtChunk?: number }
  | { readonly do: "commit"; readonly batch: number; readonly killAtUse?: number; readonly killAfterMillis?: number }
  /**
   * Stages and commits as the engine does: tries a step again that failed as unavailable, then gives up and aborts. In a
   * second `run`, batches that were acknowledged before are left out.
   */
  | { readonly do: "store"; readonly batch: number; readonly tries: number; readonly run?: number }
  | { readonly do: "merge"; readonly killAtUse?: number }
  | { readonly do: "faults"; readonly faults: Faults | null }
  /** The largest size of a file, which also limits native code. */
  | { readonly do: "limit"; readonly bytes: number | null }
  /** Waits for the signal to continue. */
  | { readonly do: "wait" }
  | { readonly do: "kill" }
  /** Stores one document of this many megabytes. */
  | { readonly do: "large"; readonly megabytes: number }
  /** Stores this many megabytes in jobs of 256 KB. */
  | { readonly do: "volume"; readonly megabytes: number }

/** An error of the sink, as far as the kit checks it. */
export interface ToldError {
  /** Whether it is a `SinkError`. */
  readonly isSinkError: boolean
  readonly sink: string | undefined
  readonly step: string | undefined
  readonly reason: string | undefined
  readonly isRetryable: boolean
  readonly message: string
}

/** The answer of a step. */
export interface Answer {
  readonly do: Step["do"]
  /** The errors that occurred. The step has failed if it has no receipts or is not `ok`. */
  readonly errors: ReadonlyArray<ToldError>
  readonly ok: boolean
  readonly receipts?: ReadonlyArray<JobSink.Receipt>
  readonly millis: number
  /** Uses of `node:fs` below the target that changed something, within this step. */
  readonly uses: number
  readonly counts: Readonly<Record<string, number>>
  readonly operations?: ReadonlyArray<Operation>
  /** How many operations were recorded by the end of this step. */
  readonly recorded: number
  /** Memory beyond that before the step, at its peak, in bytes. */
  readonly memory?: number
}

/** Written before each answer, so that what a sink prints is distinguished. */
export const mark = "\u0001kit "

/** The batches that scripts store: new jobs, then revisions of some and further ones, then once more. */
export const batches = (
  hold: (bytes: Uint8Array, mediaType: string | null) => Content.Content = inMemory
): Effect.Effect<ReadonlyArray<ReadonlyArray<TestJob>>> =>
  Effect.forEach([
    plain(6),
    [...plain(4, 1), ...plain(3, 0, 10)],
    [...plain(2, 2), ...plain(2, 0, 20)]
  ], (sketches) => jobs(sketches.map((sketch) => ({ ...sketch, hold }))))
