import { Ledger, type OptionError } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import { SqliteLedger } from "../../src/index.ts"
import { temporaryFolder } from "./folders.ts"

/** The place of a new ledger. */
export const newFile = Effect.map(temporaryFolder, (folder) => join(folder, "ledger.db"))

/** The batch that all jobs are of. */
export const batch = { projectId: "p", batchId: "b" }

/** A job as it is listed. */
export const summary = (id: string) => ({
  id,
  referenceId: null,
  status: "completed",
  frames: 1,
  annotations: 1,
  tag: null,
  priorityWeight: null
})

/** Begins a run that observes these jobs. */
export const observe = (ledger: Ledger.Ledger["Service"], ids: ReadonlyArray<string>) =>
  Effect.flatMap(ledger.begin, (run) => ledger.observe(run, batch, ids.map(summary)))

/** All entries. */
export const read = (ledger: Ledger.Ledger["Service"]) =>
  Effect.map(Stream.runCollect(ledger.entries({})), (pages) => pages.flat())

/** No test that opens a ledger leaves its file out. */
const unnamed = (error: OptionError.OptionError) => Layer.effect(Ledger.Ledger, Effect.die(error))

/** Opens the ledger for writing, and closes it. */
export const withLedger = <A, E>(file: string, f: (ledger: Ledger.Ledger["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(Ledger.Ledger.use(f), Layer.catchTag(SqliteLedger.layer({ file }), "OptionError", unnamed), {
    local: true
  })

/** Opens the ledger for reading, and closes it. */
export const withReader = <A, E>(file: string, f: (ledger: Ledger.Ledger["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(Ledger.Ledger.use(f), Layer.catchTag(SqliteLedger.layerReadOnly({ file }), "OptionError", unnamed), {
    local: true
  })

/** The error that opening the ledger ends with. */
export const opening = (file: string) => Effect.flip(withLedger(file, () => Effect.void))
