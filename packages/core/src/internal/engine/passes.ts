/** The passes of a run over its listings: what each is for, and what the next one remembers of it. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BatchRef, JobSummary } from "../../Job.ts"
import { Ledger, type LedgerEntry } from "../../Ledger.ts"
import { listedOf, sameListed, type Selection } from "../../Selection.ts"
import type { Options } from "./options.ts"

/** One pass over the listings: a run in the ledger. Following a batch takes several. */
export interface Pass {
  /** From 1. */
  readonly number: number
  /** Number of the run in the ledger. */
  readonly run: number
  readonly selection: Selection
  /** The jobs that a refresh with a limit is for. */
  readonly oldest?: Oldest
}

/** The first pass. A refresh with a limit leaves the jobs that were checked last to the next run. */
export const firstPass = Effect.fnUntraced(function*(options: Options, batches: Options["batches"], limit: number) {
  const selection: Selection = options.selection ?? { _tag: "New" }
  if (selection._tag !== "Refresh" || selection.jobs !== undefined || limit === Number.POSITIVE_INFINITY) {
    return { selection }
  }
  const found = yield* oldest(yield* Ledger, batches, limit)
  const { checkedBefore = Number.POSITIVE_INFINITY } = selection
  return checkedBefore <= found.at
    ? { selection }
    : { selection: { ...selection, checkedBefore: found.at + 1 }, oldest: found }
})

/** What the passes after the first one are for. A refresh of chosen jobs stays with them. */
export const later = (first: Selection): Selection =>
  first._tag === "Refresh" && first.jobs !== undefined
    ? { _tag: "Refresh", jobs: first.jobs, checkedBefore: 0 }
    : { _tag: "New" }

/** Which jobs a refresh with a limit is for. */
export interface Oldest {
  /** They were last checked at this time or before. */
  readonly at: number
  /** How many of those that were checked just then: many are checked in the same millisecond. */
  readonly count: number
  /** Counts of this pass. */
  met: number
  /** Whether there are more jobs than these. */
  readonly hasMore: boolean
}

/**
 * Finds the jobs that were checked longest ago, as many as the limit: so that the next refresh takes the next ones. Reads
 * the entries of the batches, and holds a number for each job within the limit.
 */
const oldest = Effect.fnUntraced(function*(
  ledger: Ledger["Service"],
  batches: ReadonlyArray<BatchRef>,
  limit: number
) {
  let times: Array<number> = []
  let seen = 0
  const keep = () => {
    times = times.sort((a, b) => a - b).slice(0, limit)
  }
  yield* Stream.fromIterable(batches).pipe(
    Stream.flatMap((batch) => ledger.entries({ batch })),
    Stream.runForEach((entries) =>
      Effect.sync(() => {
        for (const { checkedAt, stage } of entries) {
          if (stage !== "stored" && stage !== "failed") continue
          seen++
          times.push(checkedAt ?? 0)
        }
        if (times.length > 2 * limit) keep()
      })
    )
  )
  keep()
  const at = times.at(-1) ?? 0
  const found: Oldest = { at, count: times.filter((time) => time === at).length, met: 0, hasMore: seen > times.length }
  return found
})

/** What a run that follows remembers of its earlier passes. Empty in other runs. */
export class EarlierPasses {
  private readonly follows: boolean
  private readonly exported = new Map<BatchRef, Set<string>>()
  private readonly unwanted = new Map<BatchRef, Set<string>>()
  private readonly unlistable = new Set<BatchRef>()

  constructor(batches: ReadonlyArray<BatchRef>, follows: boolean) {
    this.follows = follows
    for (const batch of batches) {
      this.exported.set(batch, new Set())
      this.unwanted.set(batch, new Set())
    }
  }

  addExported(batch: BatchRef, jobId: string): void {
    if (this.follows) this.exported.get(batch)?.add(jobId)
  }

  /** Whether this run has exported the job: it is then not to be counted as found unchanged. */
  hasExported(batch: BatchRef, jobId: string): boolean {
    return this.follows && this.exported.get(batch)?.has(jobId) === true
  }

  /** The filter excludes the job by its result. */
  addUnwanted(batch: BatchRef, jobId: string): void {
    if (this.follows) this.unwanted.get(batch)?.add(jobId)
  }

  /** Whether the result is known to be unwanted, and the listing says nothing new. */
  isUnwanted(batch: BatchRef, summary: JobSummary, known: LedgerEntry | null): boolean {
    return this.unwanted.get(batch)?.has(summary.id) === true && known !== null
      && sameListed(known.listed, listedOf(summary))
  }

  /** No later pass can read the listing of the batch either. */
  addUnlistable(batch: BatchRef): void {
    this.unlistable.add(batch)
  }

  isUnlistable(batch: BatchRef): boolean {
    return this.unlistable.has(batch)
  }
}
