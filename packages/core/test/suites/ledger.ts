/** What every ledger promises, as tests that each implementation is held to. */
import { describe } from "@effect/vitest"
import type * as Layer from "effect/Layer"
import type { Ledger } from "../../src/Ledger.ts"
import { entries } from "./ledger/entries.ts"
import { withLedgerOf } from "./ledger/ledgerFixtures.ts"
import { observe } from "./ledger/observe.ts"
import { record } from "./ledger/record.ts"
import { runs } from "./ledger/runs.ts"
import { sinks } from "./ledger/sinks.ts"
import { transaction } from "./ledger/transaction.ts"
import { upToDate } from "./ledger/upToDate.ts"

export const suite = <E>(name: string, layer: Layer.Layer<Ledger, E>) => {
  const withLedger = withLedgerOf(layer)
  describe(name, () => {
    for (const part of [runs, observe, upToDate, record, entries, transaction, sinks]) part(withLedger)
  })
}
