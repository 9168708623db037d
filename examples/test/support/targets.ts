/** What is in an output folder, for comparing. */
import { assert } from "@effect/vitest"
import { Ledger } from "@labelstream/core"
import { PathName } from "@labelstream/core"
import { SqliteLedger } from "@labelstream/node"
import type { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join, relative } from "node:path"

export const ledgerFile = (output: string) => join(output, ".labelstream", "ledger.sqlite")

/** Every file with the hash of its bytes, but for ledger and spool. */
export const tree = (output: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    files(output)
      .filter((path) => !/^\.labelstream\/(ledger\.sqlite|spool)/.test(path))
      .map((path) => [path, createHash("sha256").update(readFileSync(join(output, path))).digest("hex")])
  )

/** Paths of all files, in order. */
export const files = (output: string): ReadonlyArray<string> =>
  readdirSync(output, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(output, join(entry.parentPath, entry.name)))
    .sort()

/** What changes when a file is rewritten, of every file but ledger and spool. */
export const stamps = (output: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.keys(tree(output)).map((path) => {
      const { ino, mtimeMs } = statSync(join(output, path))
      return [path, `${ino} ${mtimeMs}`]
    })
  )

/** The jobs that the ledger has as stored, as `batch/job`. */
export const storedJobs = (output: string) =>
  Ledger.Ledger.use((ledger) => Stream.runCollect(Stream.flattenIterable(ledger.entries({})))).pipe(
    Effect.map((entries) =>
      entries.flatMap(({ batchId, jobId, stage }) => stage === "stored" ? [`${batchId}/${jobId}`] : [])
    ),
    Effect.provide(SqliteLedger.layerReadOnly({ file: ledgerFile(output) }))
  )

/** Holds every finished job of a batch against what the platform has, byte for byte. */
export const assertIdentical = (simulator: Simulator.Running, output: string, batchId: string) => {
  for (const { finished, id } of simulator.jobs(batchId)) {
    if (!finished) continue
    const folder = join(output, PathName.fromId(batchId), PathName.fromId(id))
    assert.isTrue(readFileSync(`${folder}.json`).equals(simulator.expectedDocument(batchId, id)), id)
    const expected = simulator.expectedAttachments(batchId, id)
    const nested = expected.length === 0 ? [] : readdirSync(folder).sort()
    assert.strictEqual(nested.length, expected.length, id)
    nested.forEach((name, index) => {
      assert.isTrue(
        readFileSync(join(folder, name)).equals(expected[index]?.bytes ?? new Uint8Array()),
        `${id} ${name}`
      )
    })
  }
}
