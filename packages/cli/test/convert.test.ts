import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import { appendFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { platform, run, temporaryFolder } from "./support/program.ts"

/** A folder with two exported batches as files, and the command without key and network. */
const exported = Effect.gen(function*() {
  const cwd = yield* temporaryFolder
  yield* Effect.scoped(Effect.gen(function*() {
    const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 5 }, { id: "c", jobs: 2 }] })
    const args = ["export", "--batch", "b", "--batch", "c", "--to", "files:out"]
    assert.strictEqual((yield* run(args, { cwd, env: platform(simulator) })).status, 0)
  }))
  return { cwd, labelstream: (args: ReadonlyArray<string>) => run(args, { cwd }) }
})

const count = (file: string): number => {
  const db = new Database(file, { readonly: true })
  const jobs = db.prepare("SELECT count(*) FROM jobs").pluck().get()
  db.close()
  return jobs as number
}

const documents = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".json"))

describe("labelstream convert", () => {
  it.live("delivers what a sink holds to others, and back, without key, network or the ledger of the export", () =>
    Effect.gen(function*() {
      const { cwd, labelstream } = yield* exported
      const to = ["--to", "sqlite:l.db", "--to", "parquet:set", "--ledger", "other.db"]
      const first = yield* labelstream(["convert", "--from", "files:out", ...to])
      assert.strictEqual(first.status, 0, first.stderr)
      assert.match(
        first.stdout,
        /Backfilled 7 jobs, .*, from another sink: sqlite:.*l\.db\n[^]*\n7 jobs backfilled in \S+ s\n/
      )
      assert.match(first.stdout, /Complete: nothing is missing in sqlite:l.db, parquet:set\n$/)
      const second = yield* labelstream(["convert", "--from", "files:out", ...to])
      assert.match(second.stdout, /5 jobs listed = 0 exported \+ 5 unchanged[^]*Stored 0 jobs, 0 B: sqlite/)
      const back = yield* labelstream([
        "convert",
        "--from",
        "sqlite:l.db",
        "--to",
        "files:back",
        "--ledger",
        "third.db"
      ])
      assert.strictEqual(back.status, 0, back.stderr)
      assert.deepStrictEqual(documents(join(cwd, "back", "b")), documents(join(cwd, "out", "b")))
    }))

  it.live("delivers the batches that are named, and says which it does not find", () =>
    Effect.gen(function*() {
      const { cwd, labelstream } = yield* exported
      const one = yield* labelstream(["convert", "--from", "files:out", "--to", "sqlite:l.db", "--batch", "c"])
      assert.strictEqual(one.status, 0, one.stderr)
      assert.strictEqual(count(join(cwd, "l.db")), 2)
      const none = yield* labelstream(["convert", "--from", "files:out", "--to", "sqlite:l.db", "--batch", "nope"])
      assert.strictEqual(none.status, 1)
      assert.match(none.stderr, /it holds no job of batch nope/)
    }))

  it.live("ends with 2 and says why if the source cannot return a job, which the ledger does not call failed", () =>
    Effect.gen(function*() {
      const { cwd, labelstream } = yield* exported
      appendFileSync(join(cwd, "out", "b", documents(join(cwd, "out", "b"))[0] ?? ""), " ")
      const ended = yield* labelstream(["convert", "--from", "files:out", "--to", "sqlite:l.db", "--json"])
      assert.strictEqual(ended.status, 2, ended.stderr)
      const { batches, failures, sinks } = JSON.parse(ended.stdout)
      assert.deepStrictEqual(batches.map(({ failed }: { readonly failed: number }) => failed), [1, 0])
      assert.deepStrictEqual(failures.map(({ error }: { readonly error: string }) => error), ["NotReplayable"])
      assert.deepStrictEqual(sinks.map(({ backfilled }: { readonly backfilled: number }) => backfilled), [0, 6])
      const status = JSON.parse((yield* labelstream(["status", "--json"])).stdout)
      for (const { failed } of status.batches) assert.strictEqual(failed, 0)
    }))

  it.live("refuses a source that is a target too, and one that is not there", () =>
    Effect.gen(function*() {
      const { labelstream } = yield* exported
      for (
        const [from, said] of [
          ["files:./out/", /share one place/],
          ["sqlite:none.db", /it holds no job/],
          ["out", /--from out: expected KIND:TARGET/],
          ["postgres", /set LABELSTREAM_POSTGRES_URL/]
        ] as const
      ) {
        const ended = yield* labelstream(["convert", "--from", from, "--to", "files:out"])
        assert.strictEqual(ended.status, 1, from)
        assert.match(ended.stderr, said)
      }
    }))
})
