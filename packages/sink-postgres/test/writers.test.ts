import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { inject } from "vitest"
import { startPostgres } from "../../../scripts/testPostgres.ts"
import { platform } from "./support/platform.ts"
import { record } from "./support/records.ts"
import { asOwner, make, newSchema } from "./support/server.ts"

const programs = inject("programs of sink-postgres")

/** A process that writes; killed with the scope at the latest. */
const startWriter = (schema: string, name: string, annotations: number) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [join(programs, "writer.js"), schema, name, String(annotations)], {
        env: { ...process.env, NODE_COMPILE_CACHE: join(programs, "compiled") },
        stdio: ["ignore", "pipe", "inherit"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const exitOf = (child: ChildProcess) =>
  Effect.promise(async () => {
    child.stdout?.resume()
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
    return child.exitCode
  })

describe.skipIf(inject("postgres") === null)("writers of one PostgreSQL schema", () => {
  it.live("lose and double nothing when three write at once, one of which is killed and starts again", () =>
    Effect.gen(function*() {
      const schema = newSchema()
      const killed = yield* startWriter(schema, "three", 7)
      const others = [yield* startWriter(schema, "one", 3), yield* startWriter(schema, "two", 5)]
      yield* Effect.promise(() => once(killed.stdout, "data"))
      killed.kill("SIGKILL")
      const third = yield* startWriter(schema, "three", 7)
      for (const child of [...others, third]) assert.strictEqual(yield* exitOf(child), 0)
      // 12 batches: 5 jobs of each writer, and 5 that all three stored.
      const found = (yield* Stream.runCollect(make({ schema }).inspect("content"))).flat()
      assert.deepStrictEqual(found.filter(({ _tag }) => _tag !== "Intact"), [])
      assert.strictEqual(found.length, 12 * 5 * 4)
      // Each job has the rows of one writer, all of them.
      const mixed = yield* asOwner([
        `SELECT job_id FROM ${schema}.annotations GROUP BY job_id
          HAVING count(DISTINCT label) > 1 OR count(*) <> min(CASE label WHEN 'one' THEN 3 WHEN 'two' THEN 5 ELSE 7 END)
          OR (job_id NOT LIKE 'all-%' AND job_id NOT LIKE min(label) || '-%')`
      ])
      assert.deepStrictEqual(mixed, [])
    }).pipe(Effect.scoped))

  it.live("lose and double nothing when the server is killed several times in a run, and only read from a standby", () =>
    Effect.gen(function*() {
      const server = yield* Effect.acquireRelease(
        Effect.promise(() => startPostgres()),
        (server) => Effect.promise(server.stop)
      )
      const url = Redacted.make(server.url)
      const sink = make({ url })
      // Small batches, so that commits go on while the server is away.
      const small = {
        ...sink,
        capabilities: { ...sink.capabilities, batch: { ...sink.capabilities.batch, maxRecords: 5 } }
      }
      const { exported } = yield* platform(120)
      const moments = [3, 8, 13, 18]
      let commits = 0
      let kills = 0
      let restarting: Promise<void> = Promise.resolve()
      const report = yield* exported(small, {
        onEvent: (event) => {
          if (event._tag !== "Stored" || !moments.includes(++commits)) return
          restarting = restarting.then(server.restart).then(() => void kills++)
        }
      })
      yield* Effect.promise(() => restarting)
      assert.isTrue(report.complete, JSON.stringify(report.sinks))
      assert.strictEqual(kills, moments.length)
      const intact = Effect.map(Stream.runCollect(sink.inspect("content")), (pages) => {
        const found = pages.flat()
        assert.deepStrictEqual(found.filter(({ _tag }) => _tag !== "Intact"), [])
        return found.length
      })
      assert.strictEqual(yield* intact, 120)

      const open = yield* sink.open
      yield* Effect.promise(server.kill)
      yield* Effect.promise(server.standby)
      yield* Effect.flip(open.stage("1", [record("a")]))
      for (
        const writing of [open.stage("1", [record("a")]), sink.check, Effect.scoped(sink.open), make({ url }).check]
      ) {
        const error = yield* Effect.flip<unknown, JobSink.SinkError, never>(writing)
        assert.strictEqual(error.reason, "misconfigured", error.message)
        assert.match(error.message, /read-only: is it a standby\? Give the primary/)
      }
      assert.strictEqual(yield* intact, 120)
    }).pipe(Effect.scoped))
})
