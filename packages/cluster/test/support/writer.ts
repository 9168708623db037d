/**
 * A writer of the ledger, as a program of its own: lists the same jobs again and again and notes one failed try of each,
 * each time in another order. Prints a line for each round that the ledger has kept.
 *
 * Usage: DATABASE=url node writer.ts NAME ROUNDS JOBS
 */
import { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ClusterStorage, SqlLedger } from "../../src/index.ts"

const [name = "", rounds = "0", jobs = "0"] = process.argv.slice(2)
const batch = { projectId: "p", batchId: "b" }
const ids = Array.from({ length: Number(jobs) }, (_, i) => String(i))

const turned = (round: number) => {
  const at = (round * 37 + name.charCodeAt(0) * 11) % ids.length
  const order = [...ids.slice(at), ...ids.slice(0, at)]
  return round % 2 === 0 ? order : order.reverse()
}

const work = Ledger.Ledger.use((ledger) =>
  Effect.gen(function*() {
    const run = yield* ledger.begin
    console.log(`run ${run}`)
    for (let round = 1; round <= Number(rounds); round++) {
      const summaries = turned(round).map((id) => ({
        id,
        referenceId: null,
        status: `${name} ${round}`,
        frames: 1,
        annotations: round,
        tag: null,
        priorityWeight: null
      }))
      yield* ledger.observe(run, batch, summaries)
      const error = { reason: name, message: "it failed", retryable: true }
      const failed = turned(round + 1).map((jobId) => ({ _tag: "Failed" as const, batch, jobId, error, at: round }))
      yield* ledger.record(failed)
      console.log(`round ${round}`)
    }
  })
)

const database = ClusterStorage.layer(Redacted.make(process.env["DATABASE"] ?? ""))
await Effect.runPromise(Effect.provide(work, Layer.provide(SqlLedger.layer, database)))
