import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import { FilesSink } from "@labelstream/sink-files"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { existsSync } from "node:fs"
import { join } from "node:path"
import * as JsonOutput from "../../src/JsonOutput.ts"
import { platform, run, type Setting, start, temporaryFolder } from "../support/program.ts"

/** Milliseconds: these tests start several processes. */
const patience = 300_000

const world = Effect.fnUntraced(function*(options: Simulator.Options) {
  const simulator = yield* Simulator.start(options)
  const cwd = yield* temporaryFolder
  const setting: Setting = { cwd, env: { ...platform(simulator), LABELSTREAM_CLUSTER: "sqlite:cluster.db" } }
  const batch = simulator.batches[0]?.id ?? ""
  /** A runner that has joined. */
  const runner = Effect.gen(function*() {
    const started = yield* start(["runner"], setting)
    yield* started.said("stderr", "Working at")
    return started
  })
  return { simulator, setting, runner, cwd, to: ["export", "--batch", batch, "--to", "files:output"] }
})

describe("a cluster by commands", () => {
  it.live(
    "exports with the available runners, reports the result, and shows it later",
    () =>
      Effect.gen(function*() {
        const { cwd, runner, setting, simulator, to } = yield* world({
          batches: [{ id: "one", jobs: 60, unfinished: 0.1 }]
        })
        const one = yield* runner
        yield* runner
        const ended = yield* run([...to, "--json"], setting)
        assert.strictEqual(ended.status, 0, ended.stderr)
        const { batches, complete, sinks } = JSON.parse(ended.stdout) as {
          readonly complete: boolean
          readonly batches: ReadonlyArray<{ readonly listed: number; readonly exported: number }>
          readonly sinks: ReadonlyArray<{ readonly stored: number }>
        }
        assert.isTrue(complete)
        assert.strictEqual(batches[0]?.listed, 60)
        assert.strictEqual(sinks[0]?.stored, batches[0]?.exported)
        assert.isTrue(existsSync(join(cwd, "output", "one", "manifest.ndjson")))
        const shown = yield* run(["status"], setting)
        assert.match(shown.stdout, /^\w{16}-1 +completed +60 +60 +0 /m)
        assert.match(shown.stdout, /^Runners: 127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+$/m)
        const verified = yield* run(["verify", "--quick"], setting)
        assert.strictEqual(verified.status, 0, verified.stderr)
        assert.include(verified.stdout, `${sinks[0]?.stored ?? 0} jobs`)
        yield* one.signal("SIGTERM")
        const left = yield* one.end
        assert.strictEqual(left.status, 0)
        assert.include(left.stderr, "other runners take the rest")
        assert.notInclude(ended.stdout + ended.stderr + shown.stdout + left.stdout + left.stderr, simulator.apiKey)
      }).pipe(Effect.scoped),
    patience
  )

  it.live("refuses a runner without an address if the database is another machine's", () =>
    Effect.gen(function*() {
      const { setting } = yield* world({ batches: [{ id: "one", jobs: 1 }] })
      const env = { ...setting.env, LABELSTREAM_CLUSTER: "postgres://me:canary@db.invalid/cluster" }
      const refused = yield* run(["runner"], { ...setting, env })
      assert.strictEqual(refused.status, 1)
      assert.include(refused.stderr, "--address HOST:PORT")
      assert.notInclude(refused.stdout + refused.stderr, "canary")
    }).pipe(Effect.scoped), patience)

  it.live(
    "says when there is no runner, continues without the command, and is stopped by another one",
    () =>
      Effect.gen(function*() {
        const { runner, setting, to } = yield* world({ batches: [{ id: "one", jobs: 60 }] })
        const waiting = yield* start(to, setting)
        yield* waiting.said("stderr", "No runners. To start one")
        yield* waiting.signal("SIGINT")
        const left = yield* waiting.end
        assert.strictEqual(left.status, 130)
        const [, id = ""] = /labelstream stop (\S+)/.exec(left.stderr) ?? []
        assert.include(left.stderr, `Export ${id} continues without this command`)
        assert.strictEqual((yield* run(["stop", id], setting)).status, 0)
        const joined = yield* start(to, setting)
        yield* joined.said("stderr", "already running")
        yield* runner
        const again = yield* joined.end
        assert.strictEqual(again.status, 130)
        assert.include(again.stdout, "Stopped before the end.")
        const late = yield* run(["stop", id], setting)
        assert.strictEqual(late.status, 1)
        assert.include(late.stderr, `Export ${id} has ended: stopped`)
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "says on the screen and in its status that another process has locked the target, and then exports",
    () =>
      Effect.gen(function*() {
        const { cwd, runner, setting, to } = yield* world({ batches: [{ id: "one", jobs: 20 }] })
        yield* runner
        const reason = `waiting for a lock: process ${process.pid} on `
        const lock = yield* Scope.make()
        yield* Scope.provide(FilesSink.make({ directory: join(cwd, "output") }).open, lock)
        const waiting = yield* start(to, setting)
        yield* waiting.said("stderr", reason)
        assert.match((yield* run(["status"], setting)).stdout, new RegExp(`^\\w{16}-1 is ${reason}`, "m"))
        const { exports } = Schema.decodeUnknownSync(Schema.fromJsonString(JsonOutput.ClusterStatus))(
          (yield* run(["status", "--json"], setting)).stdout
        )
        assert.include(exports[0]?.waits_for ?? "", reason)
        yield* Scope.close(lock, Exit.void)
        const ended = yield* waiting.end
        assert.strictEqual(ended.status, 0, ended.stderr)
        assert.notInclude((yield* run(["status"], setting)).stdout, "waiting")
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "says why a cluster cannot be used, and never shows its password",
    () =>
      Effect.gen(function*() {
        const { setting, to } = yield* world({ batches: [{ id: "one", jobs: 1 }] })
        const canary = "canary-7d1f"
        const url = `postgres://me:${canary}@127.0.0.1:9/labels`
        const unreachable = yield* run(to, { ...setting, env: { ...setting.env, LABELSTREAM_CLUSTER: url } })
        assert.strictEqual(unreachable.status, 1)
        assert.include(unreachable.stderr, "127.0.0.1:9/labels")
        const typed = yield* run(["status", "--cluster", url], setting)
        assert.strictEqual(typed.status, 1)
        assert.include(typed.stderr, "LABELSTREAM_CLUSTER")
        const none = yield* run(["runner"], { ...setting, env: { ...setting.env, LABELSTREAM_CLUSTER: "" } })
        assert.include(none.stderr, "Say which cluster")
        const follow = yield* run([...to, "--follow"], setting)
        assert.include(follow.stderr, "A cluster does not follow a batch")
        const outputs = [unreachable, typed, none, follow].map(({ stderr, stdout }) => stdout + stderr).join("\n")
        assert.notInclude(outputs, canary)
      }).pipe(Effect.scoped),
    patience
  )
})
