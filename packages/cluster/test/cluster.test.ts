/** Exports on a cluster whose runners stay. */
import { assert, describe, it } from "@effect/vitest"
import { FilesSink } from "@labelstream/sink-files"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { randomUUID } from "node:crypto"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { inject } from "vitest"
import { scale } from "../../../scripts/testScale.ts"
import { ExportStore } from "../src/index.ts"
import { databases, sqliteUrl } from "./support/databases.ts"
import { temporaryFolder } from "./support/folders.ts"
import { onOneMachine } from "./support/oneMachine.ts"
import { askedFor, countsOf, heldBy, none } from "./support/results.ts"
import { postgresSink } from "./support/sinks.ts"
import { tree } from "./support/tree.ts"
import { make, requestOf } from "./support/world.ts"

/** Milliseconds: these tests start many processes. */
const patience = 300_000

describe.each(scale(databases.slice(-1), databases))("a cluster on $name", (kind) => {
  it.live(
    "fills a sink with one writer from those with many, without asking for a job again",
    () =>
      Effect.gen(function*() {
        const [jobs, of] = scale([30, "image_annotation"], [60, "video_annotation"])
        const world = yield* make({
          kind,
          simulator: { batches: [{ id: "one", jobs, kinds: [of] }] },
          sliceJobs: 10
        })
        const folder = yield* temporaryFolder
        yield* world.runner
        yield* world.runner
        const [files, parquet, file] = [join(folder, "files"), join(folder, "parquet"), join(folder, "labels.db")]
        // Each runner opens the database by itself: nothing is merged there.
        const schema = `s${randomUUID().replaceAll("-", "")}`
        const direct = inject("postgres") === null ? [] : [`postgres:${schema}`]
        const sinks = [`files:${files}`, `parquet:${parquet}`, `sqlite:${file}`, ...direct]
        const status = yield* world.end((yield* world.submit(requestOf(world.simulator, sinks))).id)
        assert.strictEqual(status.error, null)
        assert.deepStrictEqual(status.report.sinks.map(({ stored }) => stored), sinks.map(() => jobs))
        assert.strictEqual(yield* askedFor(world.simulator), jobs)
        assert.strictEqual(yield* heldBy(SqliteSink.make({ file })), jobs)
        assert.strictEqual(yield* heldBy(ParquetSink.make({ directory: parquet })), jobs)
        if (direct.length > 0) assert.strictEqual(yield* heldBy(postgresSink(schema)), jobs)
        assert.deepStrictEqual(tree(files), yield* onOneMachine(world.simulator))
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "stops when it is asked to, publishes what is stored, and resumes with the same request",
    () =>
      Effect.gen(function*() {
        const jobs = 200
        const world = yield* make({
          kind,
          simulator: { batches: [{ id: "one", jobs }], latency: "200 millis" },
          sliceJobs: 10
        })
        const output = yield* temporaryFolder
        yield* world.runner
        const request = requestOf(world.simulator, [`files:${output}`])
        const { id } = yield* world.submit(request)
        yield* world.answered(20)
        assert.isTrue(yield* world.stop(id))
        const stopped = yield* world.end(id)
        assert.strictEqual(stopped.state, "stopped")
        const [batch] = stopped.report.batches
        assert.isAbove(batch?.remaining ?? 0, 0)
        assert.strictEqual(
          readdirSync(join(output, "one")).filter((name) => name.endsWith(".json")).length,
          batch?.exported
        )
        const again = yield* world.submit(request)
        assert.isTrue(again.isNew)
        const status = yield* world.end(again.id)
        assert.deepStrictEqual(countsOf(status), {
          ...none,
          listed: jobs,
          exported: jobs - (batch?.exported ?? 0),
          unchanged: batch?.exported ?? 0
        })
        assert.strictEqual(yield* askedFor(world.simulator), jobs)
      }).pipe(Effect.scoped),
    patience
  )
})

describe("a cluster", () => {
  const [kind] = databases
  const sqlite = kind ?? { name: "SQLite", url: sqliteUrl }

  it.live(
    "joins a request that is the same as one under way, and counts its failures once",
    () =>
      Effect.gen(function*() {
        const world = yield* make({
          kind: sqlite,
          simulator: {
            batches: [{ id: "one", jobs: 200, unfinished: 0.1 }],
            faults: [{ on: "storage", meets: { _tag: "Missing" }, share: 0.1 }]
          }
        })
        const output = yield* temporaryFolder
        const request = requestOf(world.simulator, [`files:${output}`])
        const one = yield* world.submit(request)
        const same = yield* world.submit({ ...request, batches: request.batches.toReversed() })
        assert.deepStrictEqual(same, { id: one.id, isNew: false })
        yield* world.runner
        const status = yield* world.end(one.id)
        const [batch] = status.report.batches
        assert.isFalse(status.report.complete)
        assert.isAbove(batch?.failed ?? 0, 0)
        assert.strictEqual(
          batch?.listed,
          (batch?.exported ?? 0) + (batch?.unfinished ?? 0) + (batch?.failed ?? 0)
        )
        assert.strictEqual(status.report.failures.reduce((sum, { count }) => sum + count, 0), batch?.failed)
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "adds inputs to what was stored without them, once and as no change, and counts by reason those out of reach",
    () =>
      Effect.gen(function*() {
        const jobs = 12
        const world = yield* make({ kind: sqlite, simulator: { batches: [{ id: "one", jobs }] }, sliceJobs: 5 })
        yield* world.runner
        const output = yield* temporaryFolder
        const file = join(yield* temporaryFolder, "labels.db")
        const sinks = [`files:${output}`, `sqlite:${file}`]
        const exported = (attachments: "results" | "all", mode: "new" | "refresh" = "new") =>
          Effect.flatMap(
            world.submit(requestOf(world.simulator, sinks, { attachments, mode })),
            ({ id }) => world.end(id)
          )
        yield* exported("results")
        const status = yield* exported("all")
        assert.deepStrictEqual(countsOf(status), { ...none, listed: jobs, exported: jobs })
        assert.strictEqual(status.report.batches[0]?.changed, 0)
        for (const { replay } of [FilesSink.make({ directory: output }), SqliteSink.make({ file })]) {
          const stored = yield* Stream.runCollect(replay ?? Stream.empty)
          assert.deepStrictEqual(
            stored.map(({ attachments }) => attachments.length),
            Array.from({ length: jobs }, () => 1)
          )
        }
        const asked = yield* askedFor(world.simulator)
        assert.deepStrictEqual(countsOf(yield* exported("all")), { ...none, listed: jobs, unchanged: jobs })
        assert.strictEqual(yield* askedFor(world.simulator), asked)
        yield* world.simulator.setFaults([{ on: "storage", meets: { _tag: "Missing" }, part: "input" }])
        const { report } = yield* exported("all", "refresh")
        assert.isTrue(report.complete)
        assert.deepStrictEqual(report.unreachable, [{ reason: "HTTP 404", count: jobs }])
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "refuses an export of another platform, and a sink that nobody knows, and says why",
    () =>
      Effect.gen(function*() {
        const world = yield* make({ kind: sqlite, simulator: { batches: [{ id: "one", jobs: 10 }] } })
        yield* world.runner
        const output = yield* temporaryFolder
        const other = yield* world.submit(
          requestOf(world.simulator, [`files:${output}`], { platform: "https://elsewhere.test" })
        )
        const refused = yield* world.end(other.id)
        assert.strictEqual(refused.state, "aborted")
        assert.include(refused.error ?? "", "https://elsewhere.test")
        const unknown = yield* world.end((yield* world.submit(requestOf(world.simulator, ["nowhere:x"]))).id)
        assert.strictEqual(unknown.error, "There is no sink nowhere:x")
        assert.strictEqual(yield* askedFor(world.simulator), 0)
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "ends an export whose request it cannot read, as one of a newer version, so that nobody waits for it",
    () =>
      Effect.gen(function*() {
        const world = yield* make({ kind: sqlite, simulator: { batches: [{ id: "one", jobs: 10 }] } })
        yield* world.runner
        const { id } = yield* world.submit(requestOf(world.simulator, ["files:x"], { mode: "later" as never }))
        const row = yield* Effect.provideContext(ExportStore.ExportStore, world.client).pipe(
          Effect.flatMap((store) => store.find(id)),
          Effect.repeat({
            schedule: Schedule.spaced("200 millis"),
            until: (found) => Option.isNone(found) || found.value.state !== "running"
          })
        )
        assert.deepInclude(Option.getOrThrow(row), { state: "aborted", report: null })
        assert.include(Option.getOrThrow(row).error ?? "", "made by another version")
      }).pipe(Effect.scoped),
    patience
  )

  it.live("ends an export whose key is not accepted, with the platform's word", () =>
    Effect.gen(function*() {
      const world = yield* make({ kind: sqlite, simulator: { batches: [{ id: "one", jobs: 10 }] } })
      yield* world.strangeRunner
      const { id } = yield* world.submit(requestOf(world.simulator, [`files:${yield* temporaryFolder}`]))
      const status = yield* world.end(id)
      assert.strictEqual(status.state, "aborted")
      assert.match(status.error ?? "", /key/)
      assert.notInclude(status.error ?? "", "nobodys-key")
    }).pipe(Effect.scoped), patience)
})
