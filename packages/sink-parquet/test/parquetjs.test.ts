/** Why another writer was chosen: what parquetjs-lite 0.8.7 does to data without saying so. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import parquetjs from "parquetjs-lite"
import { query } from "./support/readers.ts"
import { temporary } from "./support/targets.ts"

const write = (type: string, values: ReadonlyArray<unknown>) =>
  Effect.flatMap(temporary, (directory) =>
    Effect.as(
      Effect.promise(async () => {
        mkdirSync(join(directory, "t"))
        const schema = new parquetjs.ParquetSchema({ value: { type } })
        const writer = await parquetjs.ParquetWriter.openFile(schema, join(directory, "t", "p.parquet"), {
          useDataPageV2: false
        })
        for (const value of values) await writer.appendRow({ value })
        await writer.close()
      }),
      directory
    ))

describe("parquetjs-lite", () => {
  it.effect("orders strings by UTF-16 units, so that a reader's filter on an emoji finds nothing", () =>
    Effect.gen(function*() {
      // U+FFFD comes before the emoji in UTF-8 and after it in UTF-16.
      const directory = yield* write("UTF8", [...Array.from({ length: 177 }, () => "😀"), "\uFFFD"])
      assert.deepStrictEqual(yield* query(directory, "SELECT count(*)::INT FROM {t} WHERE value = '😀'"), [[0]])
      assert.deepStrictEqual(yield* query(directory, "SELECT count(*)::INT FROM {t} WHERE value || '' = '😀'"), [[177]])
    }))

  it.effect("rounds integers above 2^53", () =>
    Effect.gen(function*() {
      const directory = yield* write("INT64", ["9007199254740993"])
      assert.deepStrictEqual(yield* query(directory, "SELECT value::VARCHAR FROM {t}"), [["9007199254740992"]])
    }))

  it.effect("takes text for the number that it begins with", () =>
    Effect.gen(function*() {
      const directory = yield* write("INT32", ["12abc"])
      assert.deepStrictEqual(yield* query(directory, "SELECT value FROM {t}"), [[12]])
    }))
})
