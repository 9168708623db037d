import { assert, describe, it } from "@effect/vitest"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { world as worldWith } from "./support/world.ts"

const world = (jobs: number) => worldWith({ batches: [{ id: "b", jobs }, { id: "c", jobs: 2 }] })

/** The documents of a batch of files. */
const documents = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".json"))

/** The words of the command that is named last, as a shell reads them. */
const commandIn = (text: string): ReadonlyArray<string> => {
  const [, line = ""] = /: labelstream (.*)\n$/.exec(text) ?? []
  return execFileSync("sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" }).split("\0").slice(0, -1)
}

describe("labelstream verify", () => {
  it.live(
    "names a command that restores what was removed from each sink, and that runs unchanged",
    () =>
      Effect.gen(function*() {
        const { cwd, labelstream, simulator } = yield* world(6)
        const to = ["--to", "files:my files", "--to", "sqlite:l.db", "--to", "parquet:set"]
        const state = ["--ledger", "my ledger/l.sqlite"]
        assert.strictEqual((yield* labelstream(["export", "--batch", "b", "--batch", "c", ...to, ...state])).status, 0)
        rmSync(join(cwd, "my files", "b", documents(join(cwd, "my files", "b"))[0] ?? ""))
        const db = new Database(join(cwd, "l.db"))
        db.prepare("DELETE FROM documents WHERE rowid = (SELECT min(rowid) FROM documents)").run()
        db.close()
        const table = join(cwd, "set", "annotations")
        const folder = readdirSync(table).find((name) => name.includes("batch-b")) ?? ""
        for (const part of readdirSync(join(table, folder))) rmSync(join(table, folder, part))
        const damaged = yield* labelstream(["verify", ...state])
        assert.strictEqual(damaged.status, 3, damaged.stderr)
        const command = commandIn(damaged.stdout)
        assert.deepStrictEqual(command.slice(0, 5), ["export", "--project", simulator.projectId, "--batch", "b"])
        for (const word of ["files:my files", "sqlite:l.db", "parquet:set", "my ledger/l.sqlite", "--repair"]) {
          assert.include(command, word)
        }
        const restored = yield* labelstream(command)
        assert.strictEqual(restored.status, 0, restored.stderr)
        const intact = yield* labelstream(["verify", ...state])
        assert.strictEqual(intact.status, 0, intact.stdout)
        assert.match(intact.stdout, /^8 jobs intact, 0 missing, 0 modified, 0 extra in /)
      }),
    120_000
  )

  it.live("shows 20 paths of a kind and counts the others", () =>
    Effect.gen(function*() {
      const { cwd, labelstream } = yield* world(30)
      yield* labelstream(["export", "--batch", "b", "--to", "files:out"])
      for (const name of documents(join(cwd, "out", "b"))) rmSync(join(cwd, "out", "b", name))
      const { status, stdout } = yield* labelstream(["verify"])
      assert.strictEqual(status, 3)
      assert.strictEqual(stdout.split("\n").filter((line) => line.startsWith("Missing: b/")).length, 20)
      assert.match(stdout, /\nMissing: 10 more\n0 jobs intact, 30 missing, 0 modified, 0 extra in files:out\n/)
      const object = JSON.parse((yield* labelstream(["verify", "--json"])).stdout)
      assert.strictEqual(object.differences.length, 30)
      assert.match(object.repair[0], / --batch b --to files:out --repair$/)
    }), 60_000)

  it.live(
    "fails for a place that was never written, and verifies the others all the same",
    () =>
      Effect.gen(function*() {
        const { labelstream } = yield* world(3)
        yield* labelstream(["export", "--batch", "b", "--to", "files:out"])
        const alone = yield* labelstream(["verify", "--to", "sqlite:never.db"])
        assert.deepStrictEqual([alone.status, alone.stdout], [1, ""])
        assert.match(alone.stderr, /no stored jobs in sqlite:.*never\.db\. It has 3 jobs in files:.*out\. To store/)
        const beside = yield* labelstream(["verify", "--to", "files:out", "--to", "files:never"])
        assert.strictEqual(beside.status, 1)
        assert.match(beside.stdout, /^3 jobs intact/)
        assert.match(beside.stderr, /no stored jobs in files:.*never\./)
      }),
    60_000
  )

  it.live("leaves the sinks to the file that names them with their options", () =>
    Effect.gen(function*() {
      const { cwd, labelstream } = yield* world(2)
      writeFileSync(
        join(cwd, "labelstream.json"),
        `{ "to": [{ "sink": "sqlite", "file": "l.db", "documents": "plain" }] }`
      )
      yield* labelstream(["export", "--batch", "b"])
      const db = new Database(join(cwd, "l.db"))
      db.exec("DELETE FROM documents")
      db.close()
      const { stdout } = yield* labelstream(["verify"])
      assert.notInclude(commandIn(stdout), "--to")
      assert.strictEqual((yield* labelstream(commandIn(stdout))).status, 0)
      assert.strictEqual((yield* labelstream(["verify"])).status, 0)
    }), 60_000)
})

describe("labelstream export --repair", () => {
  it.live("is refused for a cluster, with what to do", () =>
    Effect.gen(function*() {
      const { labelstream } = yield* world(1)
      const args = ["export", "--batch", "b", "--to", "files:out", "--repair", "--cluster", "sqlite:c.db", "--json"]
      const { status, stderr, stdout } = yield* labelstream(args)
      assert.strictEqual(status, 1)
      assert.match(stderr, /A cluster cannot repair.* leave out --cluster, and run the same command/)
      assert.isFalse(JSON.parse(stdout).complete)
    }))
})

describe("a branch that a writer of a cluster has left open", () => {
  it.live(
    "keeps an export from being complete, and is named by export, status and verify until it is gone",
    () =>
      Effect.gen(function*() {
        const { cwd, labelstream } = yield* world(3)
        const named = ["export", "--batch", "b", "--to", "files:out"]
        assert.strictEqual((yield* labelstream(named)).status, 0)
        const writers = join(cwd, "out", ".labelstream", "writers")
        const lock = join(writers, "one-ab", ".labelstream")
        mkdirSync(lock, { recursive: true })
        writeFileSync(
          join(lock, "lock"),
          JSON.stringify({ nonce: "n", pid: 7, host: "host-b", processes: "", started: "" })
        )
        const holder = /Not published: jobs in 1 branch of other writers: one-ab \(process 7 on host-b\)/
        const again = yield* labelstream(named)
        assert.strictEqual(again.status, 2, again.stdout)
        assert.match(again.stdout, holder)
        assert.match(again.stdout, /Not complete: 1 sink not published.*To try again, run: labelstream export/)
        assert.match((yield* labelstream(["status"])).stdout, holder)
        const verified = yield* labelstream(["verify"])
        assert.strictEqual(verified.status, 3)
        assert.match(verified.stdout, holder)
        rmSync(writers, { recursive: true })
        assert.strictEqual((yield* labelstream(named)).status, 0)
        assert.strictEqual((yield* labelstream(["verify"])).status, 0)
      }),
    120_000
  )
})
