/**
 * Opens the given ledger. With `hold`, it waits with it; with `write`, it observes and records page after page, and
 * names each call that has returned, until it is killed.
 */
import { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { SqliteLedger } from "../../src/index.ts"

const [, , mode, file = "", prefix = ""] = process.argv

const batch = { projectId: "p", batchId: "b" }
const listed = { status: "completed", frames: 1, annotations: 1 }
const say = (line: string) => Effect.sync(() => fs.writeSync(1, `${line}\n`))

const write = Effect.fnUntraced(function*(ledger: Ledger.Ledger["Service"]) {
  const run = yield* ledger.begin
  for (let page = 0;; page++) {
    const name = `${prefix}-${page}`
    const ids = Array.from({ length: 100 }, (_, i) => `${name}/${i}`)
    const unused = { referenceId: null, tag: null, priorityWeight: null }
    yield* ledger.observe(run, batch, ids.map((id) => ({ id, ...listed, ...unused })))
    yield* say(`observed ${name}`)
    const revision = { document: name, attachments: "" }
    yield* ledger.record(ids.map((jobId) => ({
      _tag: "Stored" as const,
      batch,
      sink: "files",
      receipt: { batchId: "b", jobId, revision, bytes: 1 },
      listed,
      at: 1
    })))
    yield* say(`recorded ${name}`)
  }
})

const hold = () => {
  process.stdin.resume()
  return Effect.andThen(say("held"), Effect.never)
}

await Effect.runPromise(
  Ledger.Ledger.use(mode === "hold" ? hold : write).pipe(Effect.provide(SqliteLedger.layer({ file })))
)
