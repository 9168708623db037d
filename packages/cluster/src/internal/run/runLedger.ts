import type { Job, Ledger } from "@labelstream/core"
import { batchKey } from "@labelstream/node/LedgerSql"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ExportStore, Lease, SliceJob } from "../../ExportStore.ts"

/**
 * The ledger of a run for jobs that its listing has recorded already. It compares them with the entries, and writes only
 * their outcomes.
 */
export const runLedger = (store: ExportStore["Service"], run: number, lease: Lease): Ledger.Ledger["Service"] => {
  const ledger = store.ledger(run, lease)
  return {
    ...ledger,
    observe: (_, batch, page) =>
      Effect.map(
        ledger.find(batch, page.map(({ id }) => id)),
        (entries) => page.map((summary, index) => ({ summary, known: entries[index] ?? null, repeated: false }))
      ),
    entries: () => Stream.empty
  }
}

/** The time at which {@link sliceLedger} shows every job that was checked in its run; other jobs have none. */
const checked = 1

/** Selects the jobs of a slice without an outcome in its run, and those that a sink lacks. */
export const notChecked = { _tag: "Refresh", checkedBefore: checked } as const

/**
 * The ledger of a run for the jobs of a slice. Their rows in the run say which of them it has checked, so that times of
 * other machines are not compared with its own.
 */
export const sliceLedger = (
  store: ExportStore["Service"],
  run: number,
  lease: Lease,
  jobs: ReadonlyArray<SliceJob>
): Ledger.Ledger["Service"] => {
  const ledger = runLedger(store, run, lease)
  const keyOf = (batch: Job.BatchRef, id: string) => `${batchKey(batch)} ${id}`
  const noted = new Set(jobs.flatMap(({ batch, outcome, summary }) => outcome === null ? [] : keyOf(batch, summary.id)))
  const asChecked = (batch: Job.BatchRef) => (observation: Ledger.Observation): Ledger.Observation =>
    observation.known === null ? observation : {
      ...observation,
      known: { ...observation.known, checkedAt: noted.has(keyOf(batch, observation.summary.id)) ? checked : null }
    }
  return {
    ...ledger,
    observe: (_, batch, page) => Effect.map(ledger.observe(run, batch, page), (found) => found.map(asChecked(batch)))
  }
}
