/**
 * Compares what a sink has stored with the ledger, without the network: what is missing, what is modified, what nobody
 * stored. Reads only.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type InspectDepth, type JobSink, SinkError } from "./JobSink.ts"
import { Ledger, type LedgerError } from "./Ledger.ts"
import * as OptionError from "./OptionError.ts"

/** What is damaged. Without a job it is a published file of many jobs, which the next run into the sink restores. */
export interface Damage {
  readonly sink: string
  readonly batchId?: string
  readonly jobId?: string
  readonly path: string | null
}

/** A difference between a sink and the ledger. */
export type Difference =
  /**
   * The ledger has a receipt for it, or the sink has published it, and it is not there. `path` is null if a whole job is
   * gone.
   */
  | Damage & { readonly _tag: "Missing" }
  /** It is there with other bytes, or another revision than the ledger's. */
  | Damage & { readonly _tag: "Modified" }
  /** It is there, and no receipt and no commit speaks of it. */
  | { readonly _tag: "Extra"; readonly sink: string; readonly path: string }
  /**
   * What a run has left that was killed, or that still writes: the next one finishes or removes it. Names the job if that
   * run was replacing one, which is neither intact nor damaged.
   */
  | {
    readonly _tag: "Leftover"
    readonly sink: string
    readonly path: string
    readonly batchId?: string
    readonly jobId?: string
  }

/** How to verify. */
export interface Options {
  /** `content` reads and hashes every stored byte; `manifest` trusts the sink's own records. Default: `content`. */
  readonly depth?: InspectDepth
  /** The id under which the ledger has the receipts. Default: the sink's own; another if its target was moved. */
  readonly receiptsOf?: string
}

/** What one step of a verification has found. */
export interface Verified {
  /** Jobs that are stored as the ledger has them. */
  readonly intact: number
  readonly differences: ReadonlyArray<Difference>
}

/**
 * Verifies one sink, in steps whose counts add up. Memory does not grow with the number of jobs. Fails with a `SinkError`
 * (`misconfigured` if the sink cannot read back what it stores), if the ledger cannot be read, and with an `OptionError`.
 */
export const sink = (
  target: JobSink,
  options: Options = {}
): Stream.Stream<Verified, SinkError | LedgerError | OptionError.OptionError, Ledger> =>
  Stream.unwrap(Effect.gen(function*() {
    yield* OptionError.given((option, value) => OptionError.oneOf(option, value, ["manifest", "content"]))(
      "depth",
      options.depth
    )
    yield* OptionError.given(OptionError.text)("receiptsOf", options.receiptsOf)
    if (!target.capabilities.inspectable) {
      const detail = "it cannot read back what it stores, so there is nothing to verify"
      return yield* new SinkError({ sink: target.name, step: "inspect", reason: "misconfigured", detail })
    }
    const ledger = yield* Ledger
    const audit = yield* ledger.audit(options.receiptsOf ?? target.id)
    // A run that was killed, or is still on, may have stored what the ledger has not recorded yet.
    const latest = yield* Stream.runHead(Stream.flattenIterable(ledger.runs))
    const isUnended = Option.isSome(latest) && latest.value.endedAt === null
    const found = target.inspect(options.depth ?? "content").pipe(Stream.mapEffect(Effect.fnUntraced(function*(items) {
      const receipts = items.flatMap((item) => item._tag === "Intact" ? [item.receipt] : [])
      const named = items.flatMap((item) =>
        item._tag === "Intact" || item._tag === "Extra" || item.batchId === undefined || item.jobId === undefined
          ? []
          : [{ batchId: item.batchId, jobId: item.jobId }]
      )
      const words = yield* audit.check(receipts, named)
      const unlike = receipts.flatMap(({ batchId, jobId }, index): ReadonlyArray<Difference> => {
        const sink = target.name
        if (words[index] === "match") return []
        if (words[index] === "unknown") {
          return [{ _tag: isUnended ? "Leftover" : "Extra", sink, path: `${batchId}/${jobId}` }]
        }
        return [{ _tag: "Modified", sink, batchId, jobId, path: null }]
      })
      const told = items.flatMap((item): ReadonlyArray<Difference> =>
        item._tag === "Intact" ? [] : [{ ...item, sink: target.name }]
      )
      return { intact: receipts.length - unlike.length, differences: [...unlike, ...told] }
    })))
    const missing = audit.unchecked.pipe(Stream.map((jobs): Verified => ({
      intact: 0,
      differences: jobs.map(({ batchId, jobId }) => ({
        _tag: "Missing",
        sink: target.name,
        batchId,
        jobId,
        path: null
      }))
    })))
    return Stream.concat(found, missing)
  }))
