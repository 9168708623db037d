import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { readFileSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ParquetSink } from "../src/index.ts"
import { rowsOf } from "./support/readers.ts"
import { record } from "./support/records.ts"
import { store, temporary, unsynced } from "./support/targets.ts"

describe("a writer that was frozen", () => {
  it.live("cannot commit after others took its place and left, so no job is there twice", () =>
    Effect.gen(function*() {
      // Several times: a file system may use the number of the first lock's inode again for the third.
      for (let trial = 0; trial < 5; trial++) {
        yield* Effect.scoped(Effect.gen(function*() {
          const directory = yield* temporary
          const lock = join(directory, ".labelstream", "lock")
          const opened = Effect.fnUntraced(function*() {
            const scope = yield* Scope.make()
            const sink = yield* Scope.provide(ParquetSink.makeWith({ directory }, unsynced).open, scope)
            return { sink, close: Scope.close(scope, Exit.void) }
          })
          const first = yield* opened()
          yield* store(first.sink, "a-1", [record({ job: "one" })])
          // As another machine sees a frozen holder: a foreign host, not touched for 10 minutes.
          const owner = JSON.parse(readFileSync(lock, "utf8")) as object
          writeFileSync(lock, `${JSON.stringify({ ...owner, host: "other" })}\n`, { flag: "r+" })
          utimesSync(lock, Date.now() / 1000 - 600, Date.now() / 1000 - 600)
          const second = yield* opened()
          yield* store(second.sink, "b-1", [record({ job: "two" })])
          yield* second.close
          // Other files are made meanwhile, as on any machine.
          for (let i = 0; i < trial; i++) writeFileSync(join(directory, `other-${i}`), "")
          const third = yield* opened()
          const late = yield* Effect.flip(store(first.sink, "a-2", [record({ job: "two", text: "x" })]))
          assert.strictEqual(late.reason, "conflict")
          yield* first.close
          yield* store(third.sink, "c-1", [record({ job: "three" })])
          yield* third.close
          const jobs = (yield* rowsOf(directory, "jobs")).map((row) => String(row["job_id"]))
          assert.sameMembers(jobs, ["one", "two", "three"])
        }))
      }
    }), 60_000)
})
