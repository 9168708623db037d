/** Other programs read the file before, during and after a run, and people copy it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync, spawnSync } from "node:child_process"
import { copyFileSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { SqliteSink } from "../src/index.ts"
import { open } from "../src/internal/sqlite.ts"
import { batches } from "./support/scenario.ts"
import { inspected, query, run, store, temporary, temporaryFile } from "./support/targets.ts"

/** Another program's connection. */
const reader = (file: string) =>
  Effect.acquireRelease(
    Effect.sync(() => open(file, { readonly: true, timeout: 0 })),
    (db) => Effect.sync(() => db.close())
  )

/** How many jobs a copy of the file alone has. */
const copied = Effect.fnUntraced(function*(file: string) {
  const copy = join(yield* temporary, "copy.db")
  copyFileSync(file, copy)
  return query(copy, "SELECT count(*) FROM jobs")[0]![0]
})

/** A run that another program meets after its first batch. Returns the notice of its end. */
const meeting = (file: string, meet: Effect.Effect<void>, completed = true) =>
  Effect.scoped(Effect.gen(function*() {
    const sink = yield* SqliteSink.make({ file }).open
    yield* store(sink, "t", batches[0]!)
    yield* meet
    yield* store(sink, "u", batches[1]!)
    return yield* sink.finish({ outcome: completed ? "completed" : "stopped" })
  }))

const count = "SELECT count(*) FROM jobs"

describe("the file alone", () => {
  it.effect("holds everything after a run, with nothing next to it, also after somebody has inspected it", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* run({ file }, batches)
      for (const depth of ["manifest", "content"] as const) yield* inspected(file, depth)
      assert.deepStrictEqual(readdirSync(dirname(file)), ["labels.db"])
      assert.strictEqual(yield* copied(file), 4)
    }))

  it.effect("holds everything while an idle reader stays connected", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* run({ file }, [])
      const idle = yield* reader(file)
      assert.strictEqual(idle.prepare(count).pluck().get(), 0)
      const notice = yield* meeting(file, Effect.sync(() => void idle.prepare(count).get()))
      assert.isUndefined(notice)
      assert.strictEqual(yield* copied(file), 4)
      assert.strictEqual(idle.prepare(count).pluck().get(), 4)
    }))

  it.effect("holds everything after a run that a defect ended, while an idle reader stays connected", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* run({ file }, [])
      const idle = yield* reader(file)
      assert.strictEqual(idle.prepare(count).pluck().get(), 0)
      yield* Effect.exit(Effect.scoped(Effect.gen(function*() {
        yield* store(yield* SqliteSink.make({ file }).open, "t", batches[0]!)
        return yield* Effect.die("cut off")
      })))
      assert.strictEqual(yield* copied(file), 3)
    }))

  it.effect("holds everything where a reader's transaction sees the last commit", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* run({ file }, batches)
      const inside = yield* reader(file)
      inside.exec("BEGIN")
      assert.strictEqual(inside.prepare(count).pluck().get(), 4)
      assert.isUndefined(
        yield* Effect.scoped(
          Effect.flatMap(SqliteSink.make({ file }).open, (sink) => sink.finish({ outcome: "stopped" }))
        )
      )
      assert.strictEqual(yield* copied(file), 4)
    }))
})

describe("a reader's open transaction", () => {
  for (const when of ["before", "during"] as const) {
    it.effect(`that began ${when} a run lets it end, and the run says what to do`, () =>
      Effect.gen(function*() {
        const file = join(yield* temporary, "it's mine.db")
        yield* run({ file }, [])
        const inside = yield* reader(file)
        const begin = Effect.sync(() => {
          inside.exec("BEGIN")
          inside.prepare(count).get()
        })
        if (when === "before") yield* begin
        const notice = yield* meeting(file, when === "during" ? begin : Effect.void)
        assert.include(String(notice), `${file}-wal`)
        assert.strictEqual(inside.prepare(count).pluck().get(), when === "before" ? 0 : 3)
        // Both files are everything meanwhile, and another run continues.
        assert.strictEqual(query(file, count)[0]![0], 4)
        assert.include(String(yield* meeting(file, Effect.void)), "-wal")
        assert.strictEqual((yield* inspected(file)).length, 4)
        inside.exec("COMMIT")
        const command = String(notice).split("run: ")[1]!
        if (spawnSync("sqlite3", ["--version"]).status === 0) execFileSync("sh", ["-c", command])
        else query(file, /'(PRAGMA [^']*)'/.exec(command)![1]!)
        assert.strictEqual(yield* copied(file), 4)
      }), 20_000)
  }

  it.effect("that ends later leaves nothing to do for people who run again", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* Effect.scoped(Effect.gen(function*() {
        yield* run({ file }, [])
        const inside = yield* reader(file)
        inside.exec("BEGIN")
        inside.prepare(count).get()
        assert.isString(yield* meeting(file, Effect.void))
        inside.exec("COMMIT")
      }))
      assert.isUndefined(yield* meeting(file, Effect.void))
      assert.strictEqual(yield* copied(file), 4)
      assert.deepStrictEqual(readdirSync(dirname(file)), ["labels.db"])
    }))
})
