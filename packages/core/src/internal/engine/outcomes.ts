import * as Effect from "effect/Effect"
import type { Ledger, LedgerError, Outcome } from "../../Ledger.ts"

/** Outcomes of single jobs that are recorded in one transaction, which costs a sync of the disk. */
const atOnce = 32

/** Records outcomes in the ledger: what no sink has stored waits for more, since it is found again after a crash. */
export class Outcomes {
  private readonly ledger: Ledger["Service"]
  private waiting: Array<Outcome> = []

  constructor(ledger: Ledger["Service"]) {
    this.ledger = ledger
  }

  /** Records outcomes with those that wait, in one transaction. */
  record(outcomes: ReadonlyArray<Outcome>): Effect.Effect<void, LedgerError> {
    return Effect.suspend(() => {
      const all = [...this.waiting, ...outcomes]
      this.waiting = []
      return all.length === 0 ? Effect.void : this.ledger.record(all)
    })
  }

  /** Records an outcome when there are enough of them, or when a sink has stored something. */
  recordLater(outcome: Outcome): Effect.Effect<void, LedgerError> {
    return this.waiting.push(outcome) < atOnce ? Effect.void : this.record([])
  }
}
