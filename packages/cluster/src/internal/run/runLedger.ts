import type { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ExportStore } from "../../ExportStore.ts"

/**
 * The ledger of a run for jobs that its listing has noted already: they are held against what is known, and are written
 * to when something became of them alone.
 */
export const runLedger = (store: ExportStore["Service"], run: number, slice?: number): Ledger.Ledger["Service"] => {
  const ledger = store.ledger(run, slice)
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
