import type { BatchRef, JobSummary } from "../../Job.ts"
import type { LedgerEntry } from "../../Ledger.ts"
import { listedOf, sameListed } from "../../Selection.ts"

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

  /** The job's result is none that the run is for. */
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
