import { isFinished, type JobSummary } from "../Job.ts"
import type { LedgerEntry, Listed } from "../Ledger.ts"

/** Which finished jobs a run looks at, beyond those that are new. */
export type Selection =
  /** New, newly finished and changed jobs, and failed ones whose error may pass. */
  | { readonly _tag: "New" }
  /** Finished jobs again, to see which were reworked: all of them, or those that both conditions name. */
  | {
    readonly _tag: "Refresh"
    readonly jobs?: ReadonlySet<string>
    /** Only jobs last looked at before this time, in milliseconds since 1970. */
    readonly checkedBefore?: number
  }
  /** Exactly the jobs that failed, whatever their error. */
  | { readonly _tag: "Retry" }

/** What is to be done with a listed job. */
export type Decision = "fetch" | "unchanged" | "unfinished" | "failed"

export const listedOf = (summary: JobSummary): Listed => ({
  status: summary.status,
  frames: summary.frames,
  annotations: summary.annotations
})

const same = (a: Listed, b: Listed) => a.status === b.status && a.frames === b.frames && a.annotations === b.annotations

/** Whether a sink holds what was last fetched. */
export const holds = (entry: LedgerEntry, sink: string) =>
  entry.revision !== null && entry.receipts.some((receipt) =>
    receipt.sink === sink &&
    receipt.revision.document === entry.revision?.document &&
    receipt.revision.attachments === entry.revision.attachments
  )

/** Holds a listed job against what the ledger knows of it. */
export const decide = (
  summary: JobSummary,
  known: LedgerEntry | null,
  sinks: ReadonlyArray<string>,
  selection: Selection
): Decision => {
  if (!isFinished(summary)) return "unfinished"
  if (known === null) return "fetch"
  if (known.stage === "failed") {
    const isFinal = known.error !== null && !known.error.retryable
    return selection._tag === "New" && isFinal && same(known.listed, listedOf(summary)) ? "failed" : "fetch"
  }
  const isStored = known.stage === "stored" && sinks.every((sink) => holds(known, sink))
  if (!isStored) return "fetch"
  // The platform has no "changed since": a changed count or status is all that the listing can tell.
  if (known.storedAs !== null && !same(known.storedAs, listedOf(summary))) return "fetch"
  if (selection._tag !== "Refresh") return "unchanged"
  const isNamed = selection.jobs === undefined || selection.jobs.has(summary.id)
  const isOld = selection.checkedBefore === undefined || (known.checkedAt ?? 0) < selection.checkedBefore
  return isNamed && isOld ? "fetch" : "unchanged"
}
