/** The line of the docs page that writes masks to files, with what the `sqlite3` shell's `writefile` does. */
import { assert, describe, it } from "@effect/vitest"
import BetterSqlite3 from "better-sqlite3"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { content, record } from "./support/records.ts"
import { run, temporaryFile } from "./support/targets.ts"

const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "sinks", "sqlite.md"), "utf8")
const sql = /^sqlite3 labels\.db "(SELECT writefile\('masks\/'.*)"$/m.exec(page)?.[1] ?? ""

describe("masks", () => {
  it.effect("come out by one line of SQL as they came, under the names of a files sink", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      // It would compress, and nobody says what it is.
      const mask = content(Buffer.alloc(100_000, "mask"), null)
      yield* run({ file }, [[record({ job: "a", nested: [mask, "small"] }), record({ job: "b", nested: [] })]])
      const db = new BetterSqlite3(file)
      const written: Record<string, string> = {}
      db.function("writefile", (path: string, bytes: Buffer) => {
        written[path] = bytes.toString()
        return bytes.length
      })
      db.prepare(sql).all()
      db.close()
      assert.deepStrictEqual(written, {
        "masks/batch-1/a/0000-mask-f0.png": Buffer.from(mask.bytes!).toString(),
        "masks/batch-1/a/0001-mask-f1.png": "small"
      })
    }))
})
