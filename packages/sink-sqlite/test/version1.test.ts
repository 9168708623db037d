/** Files with the tables of version 1, as an earlier version of this software wrote them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { SqliteSink } from "../src/index.ts"
import { open } from "../src/internal/sqlite.ts"
import { sha256 } from "./support/records.ts"
import { batches } from "./support/scenario.ts"
import { files, inspected, run, temporary, temporaryFile } from "./support/targets.ts"

const make = (file: string) => {
  const db = open(file, { timeout: 0 })
  db.exec(readFileSync(join(import.meta.dirname, "fixtures", "labels-v1.sql"), "utf8"))
  db.close()
}

/** What a sink returns, in the order of ids. */
const replayed = (file: string) =>
  Stream.runCollect(Stream.mapEffect(
    SqliteSink.make({ file }).replay ?? Stream.empty,
    Effect.fnUntraced(function*({ attachments, document, jobId, revision, sizes }) {
      const nested = yield* Effect.forEach(attachments, ({ content, index }) =>
        Effect.map(content.collect, (bytes) => [index, sha256(bytes)] as const))
      return { jobId, revision, document: sha256(yield* document.collect), nested, sizes: [...sizes] }
    })
  ))

describe("a file of version 1", () => {
  it.effect("is counted, inspected, and replayed as one of today with the same jobs", () =>
    Effect.gen(function*() {
      const [file, fresh] = [yield* temporaryFile, yield* temporaryFile]
      make(file)
      yield* run({ file: fresh }, batches)
      const before = files(dirname(file))
      assert.strictEqual(yield* SqliteSink.make({ file }).count!, 4)
      assert.deepStrictEqual(yield* inspected(file), yield* inspected(fresh))
      const found = yield* replayed(file)
      assert.deepStrictEqual(found, yield* replayed(fresh))
      assert.isTrue(found.every(({ document, revision }) => document === revision.document))
      const ids = { batchId: "batch-1", jobId: "reworked" }
      const mask = yield* Stream.runCollect(SqliteSink.readAttachment(file, { ...ids, index: 0 }))
      assert.strictEqual(Buffer.concat(mask).toString(), "n0")
      assert.deepStrictEqual(files(dirname(file)), before)
    }))

  it.effect("is not written to: check and open name the command that converts it", () =>
    Effect.gen(function*() {
      for (
        const [name, command] of [
          ["labels.db", (file: string) => `--from sqlite:${file} --to sqlite:${file.replace(".db", "-v2.db")}`],
          ["my labels", (file: string) => `--from 'sqlite:${file}' --to 'sqlite:${file}-v2'`]
        ] as const
      ) {
        const file = join(yield* temporary, name)
        make(file)
        const before = files(dirname(file))
        const sink = SqliteSink.make({ file })
        for (const error of [yield* Effect.flip(sink.check), yield* Effect.flip(Effect.scoped(sink.open))]) {
          assert.strictEqual(error.reason, "conflict")
          assert.isTrue(error.detail.endsWith(`labelstream convert ${command(file)}`), error.detail)
        }
        assert.deepStrictEqual(files(dirname(file)), before)
      }
    }))
})
