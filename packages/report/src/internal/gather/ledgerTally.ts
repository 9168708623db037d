import { Ledger } from "@labelstream/core"
import { byCount } from "./counts.ts"
import type { BatchLine, FailureLine, JobName, SinkLine, Summary } from "./summaryModel.ts"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }
type Stages = Mutable<Ledger.StageCounts>

const batchLines = 50
const unfinishedJobs = 20
const failureLines = 20
const examplesEach = 5
// The engine's reasons are a small closed family; a ledger written by something else may have any.
const failureGroups = 1000

const noStages = (): Stages => ({ pending: 0, unfinished: 0, stored: 0, failed: 0 })

interface Failures extends Mutable<Omit<FailureLine, "examples">> {
  readonly examples: Array<JobName>
}

/** Counts entries of the ledger, batch by batch as they come. */
export class LedgerTally {
  private readonly stages = noStages()
  private bytes = 0
  private readonly batches: Array<BatchLine> = []
  private moreBatches = 0
  private batch: Mutable<BatchLine> & { readonly stages: Stages } | undefined
  private readonly failures = new Map<string, Failures>()
  private readonly unfinished: Array<JobName & { readonly status: string }> = []
  private readonly sinks = new Map<string, Mutable<SinkLine>>()

  readonly add = (entry: Ledger.LedgerEntry): void => {
    const batch = this.batchOf(entry)
    batch.stages[entry.stage]++
    this.stages[entry.stage]++
    if (entry.stage === "stored") {
      batch.bytes += entry.bytes ?? 0
      this.bytes += entry.bytes ?? 0
    }
    for (const { bytes, sink } of entry.receipts) this.addReceipt(sink, bytes)
    if (entry.stage === "failed") this.addFailure(entry)
    if (entry.stage === "unfinished" && this.unfinished.length < unfinishedJobs) {
      this.unfinished.push({ ...nameOf(entry), status: entry.listed.status })
    }
  }

  result(): Omit<Summary, "runs" | "results"> {
    const failures = Array.from(this.failures.values()).sort((a, b) =>
      byCount({ name: a.reason, count: a.jobs }, { name: b.reason, count: b.jobs })
    )
    return {
      stages: this.stages,
      batches: { top: this.batches, more: this.moreBatches },
      bytes: this.bytes,
      failures: { top: failures.slice(0, failureLines), more: Math.max(0, failures.length - failureLines) },
      unfinished: { top: this.unfinished, more: this.stages.unfinished - this.unfinished.length },
      sinks: Array.from(this.sinks.values()).sort((a, b) => a.name < b.name ? -1 : 1)
    }
  }

  private batchOf({ batchId, projectId }: Ledger.LedgerEntry) {
    const last = this.batch
    if (last !== undefined && last.batchId === batchId && last.projectId === projectId) return last
    const batch = { projectId, batchId, stages: noStages(), bytes: 0 }
    if (this.batches.length < batchLines) this.batches.push(batch)
    else this.moreBatches++
    this.batch = batch
    return batch
  }

  private addReceipt(sink: string, bytes: number) {
    // What follows the name is a place on this machine, which is nothing for a page that is handed around.
    const name = sink.split(":", 1)[0] ?? sink
    const line = this.sinks.get(name) ?? { name, jobs: 0, bytes: 0 }
    line.jobs++
    line.bytes += bytes
    this.sinks.set(name, line)
  }

  private addFailure(entry: Ledger.LedgerEntry) {
    const error = entry.error ?? { reason: "unknown", message: "", retryable: false }
    const { message, retryable } = error
    const permanent = Ledger.isPermanent(error, entry.attempts)
    const prospects = `${retryable} ${permanent}`
    const isKnown = this.failures.has(`${prospects} ${error.reason}`) || this.failures.size < failureGroups
    const reason = isKnown ? error.reason : "other reasons"
    const key = `${prospects} ${reason}`
    const group = this.failures.get(key) ?? { reason, jobs: 0, retryable, permanent, message, examples: [] }
    group.jobs++
    if (group.examples.length < examplesEach) group.examples.push(nameOf(entry))
    this.failures.set(key, group)
  }
}

const nameOf = ({ batchId, jobId, referenceId }: Ledger.LedgerEntry): JobName => ({ batchId, jobId, referenceId })
