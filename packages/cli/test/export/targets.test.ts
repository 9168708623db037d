import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { inject } from "vitest"
import { platform, run, temporaryFolder } from "../support/program.ts"

const secret = "s3cret"

/** A folder that is the home folder too, a platform, and the command run there. */
const world = Effect.gen(function*() {
  const cwd = yield* temporaryFolder
  const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 3 }] })
  const env = { ...platform(simulator), HOME: join(cwd, "home") }
  mkdirSync(env.HOME)
  const exportTo = (
    targets: ReadonlyArray<string>,
    more: Readonly<Record<string, string>> = {},
    ...flags: ReadonlyArray<string>
  ) =>
    run(["export", "--batch", "b", ...flags, ...targets.flatMap((to) => ["--to", to])], {
      cwd,
      env: { ...env, ...more }
    })
  return { cwd, exportTo }
})

const made = (cwd: string) => readdirSync(cwd).filter((name) => name !== "home")

describe("a target", () => {
  it.live("with a scheme is refused before anything is written, and shows no password", () =>
    Effect.gen(function*() {
      const { cwd, exportTo } = yield* world
      for (
        const [targets, more, said] of [
          [["parquet:s3://bucket/x"], {}, /not to s3:\/\/\. Write to a folder .*aws s3 sync/],
          [["s3://bucket/x"], {}, /^S3 is no sink\. .*aws s3 sync/],
          [[`sqlite:postgres://u:${secret}@h/db`], {}, /not to postgres:\/\//],
          [[], { LABELSTREAM_TO: `files:https://${secret}@h/x` }, /not to https:\/\//],
          [["files:out"], { LABELSTREAM_LEDGER: `postgres://u:${secret}@h/db` }, /postgres:\/\/ is no path/],
          [[`postgres://u:${secret}@h/db`], {}, /can read a URL in a flag.*LABELSTREAM_POSTGRES_URL/],
          [[`postgres:postgres://u:${secret}@h/db`], {}, /can read a URL in a flag.*LABELSTREAM_POSTGRES_URL/],
          [["files"], {}, /expected KIND:TARGET, such as files:output$/m],
          [["yolo:"], {}, /--to yolo:: expected KIND:TARGET, such as yolo:output$/m]
        ] as const
      ) {
        const { status, stderr, stdout } = yield* exportTo(targets, more)
        assert.strictEqual(status, 1)
        assert.match(stderr, said)
        assert.notInclude(stdout + stderr, secret)
        assert.deepStrictEqual(made(cwd), [])
      }
      const { status, stderr } = yield* exportTo(["postgres"])
      assert.strictEqual(status, 1)
      assert.match(stderr, /set LABELSTREAM_POSTGRES_URL/)
    }))

  it.live.skipIf(inject("postgres") === null)(
    "in PostgreSQL has its URL from the environment or from the configuration file, and shows no password",
    () =>
      Effect.gen(function*() {
        const { cwd, exportTo } = yield* world
        const url = inject("postgres") ?? ""
        const target = { sink: "postgres", schema: `s${randomUUID().replaceAll("-", "")}`, durability: "process" }
        for (
          const [options, variables, said] of [
            [target, { LABELSTREAM_POSTGRES_URL: url }, /3 jobs listed = 3 exported \+ 0 unchanged/],
            [{ ...target, url }, {}, /3 jobs listed = 0 exported \+ 3 unchanged/]
          ] as const
        ) {
          writeFileSync(join(cwd, "labelstream.json"), JSON.stringify({ to: [options] }))
          const { status, stderr, stdout } = yield* exportTo([], variables)
          assert.strictEqual(status, 0, stderr)
          assert.match(stdout, said)
          assert.notInclude(stdout + stderr, new URL(url).password)
        }
      })
  )

  it.live("that begins with ~ is in the home folder, on flags, in variables, and in a file", () =>
    Effect.gen(function*() {
      const { cwd, exportTo } = yield* world
      const config = { to: ["sqlite:~/three.db", { sink: "parquet", directory: "~/four" }], ledger: "~/state.db" }
      writeFileSync(join(cwd, "home", "settings.json"), JSON.stringify(config))
      const first = yield* exportTo(["files:~/one"], { LABELSTREAM_LEDGER: "~/first.db" })
      assert.strictEqual(first.status, 0, first.stderr)
      const second = yield* exportTo([], { LABELSTREAM_TO: "files:~/two", LABELSTREAM_LEDGER: "~/second.db" })
      assert.strictEqual(second.status, 0, second.stderr)
      const third = yield* exportTo([], {}, "--config=~/settings.json")
      assert.strictEqual(third.status, 0, third.stderr)
      for (const name of ["one", "two", "three.db", "four", "first.db", "second.db", "state.db"]) {
        assert(existsSync(join(cwd, "home", name)), name)
      }
      assert.notInclude(made(cwd), "~")
    }))

  it.live("that another sink or the ledger uses, however it is written, is refused", () =>
    Effect.gen(function*() {
      const { cwd, exportTo } = yield* world
      mkdirSync(join(cwd, "real"))
      symlinkSync("real", join(cwd, "link"))
      for (
        const [targets, both] of [
          [["files:out", "parquet:out"], "sinks files:out and parquet:out"],
          [["parquet:out", "files:./out/"], "sinks parquet:out and files:./out/"],
          [["files:out", "sqlite:out"], "sinks files:out and sqlite:out"],
          [["files:real/a", "files:link/a"], "sinks files:real/a and files:link/a"],
          [["sqlite:real/x", "parquet:link/x/y"], "sinks sqlite:real/x and parquet:link/x/y"],
          [["files:~/a", `files:${join(cwd, "home", "a")}`], "sinks files:~/a"],
          [["sqlite:.labelstream/ledger.sqlite"], "ledger .labelstream/ledger.sqlite and the sink sqlite:"]
        ] as const
      ) {
        const { status, stderr } = yield* exportTo(targets)
        assert.strictEqual(status, 1, stderr)
        assert.include(stderr, both)
        assert.include(stderr, "share one place")
      }
      assert.deepStrictEqual(made(cwd).toSorted(), ["link", "real"])
    }))

  it.live("in the output of simulated jobs is refused", () =>
    Effect.gen(function*() {
      const { cwd, exportTo } = yield* world
      mkdirSync(join(cwd, "output", ".labelstream"), { recursive: true })
      writeFileSync(join(cwd, "output", ".labelstream", "simulated"), "")
      for (const to of ["files:output", "files:output/files", "sqlite:output/sqlite/labels.db"]) {
        const { status, stderr } = yield* exportTo([to])
        assert.strictEqual(status, 1)
        assert.match(stderr, /holds simulated jobs/)
      }
    }))
})
