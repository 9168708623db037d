import { assert, describe, it } from "@effect/vitest"
import type { Simulator } from "@labelstream/simulator"
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
import { type ClusterExport, ExportStore } from "../src/index.ts"
import { kinds, postgresDatabaseUrl, sqliteUrl } from "./support/databases.ts"
import { temporaryFolder } from "./support/folders.ts"
import { onOneMachine, verified } from "./support/oneMachine.ts"
import { postgresSink } from "./support/sinks.ts"
import { tree } from "./support/tree.ts"
import { watchedTables } from "./support/watchedTables.ts"
import { make, requestOf } from "./support/world.ts"

const countsOf = ({ report }: ClusterExport.Status) => {
  const [batch] = report.batches
  if (batch === undefined) return undefined
  const { exported, failed, remaining, listed, skipped, unchanged, unfinished } = batch
  return { listed, exported, unchanged, unfinished, failed, remaining, skipped }
}

const none = { listed: 0, exported: 0, unchanged: 0, unfinished: 0, failed: 0, remaining: 0, skipped: 0 }

/** How often the platform was asked for the result of a job, most of all. */
const askedFor = (simulator: Simulator.Running) =>
  Effect.map(simulator.report, ({ jobs = {} }) => Object.values(jobs).reduce((sum, { job = 0 }) => sum + job, 0))

/** Milliseconds: these tests start many processes. */
const patience = 300_000

// Locks of runners are not kept apart by schemas.
const databases = kinds.map((kind) =>
  kind.name === "SQLite" ? { ...kind, url: sqliteUrl } : { ...kind, url: postgresDatabaseUrl }
)

const killedJobs = scale(400, 2000)

describe.each(scale(databases.slice(0, 1), databases))("a cluster on $name", (kind) => {
  it.live(
    "whose runners are killed and joined by new ones ends complete, once, with what one machine stores",
    () =>
      Effect.gen(function*() {
        const jobs = killedJobs
        const world = yield* make({
          kind,
          simulator: { batches: [{ id: "one", jobs }], latency: "100 millis" },
          sliceJobs: jobs / 20
        })
        const output = yield* temporaryFolder
        const [first, second] = [yield* world.runner, yield* world.runner, yield* world.runner]
        const request = requestOf(world.simulator, [`files:${output}`])
        const { id } = yield* world.submit(request)
        yield* world.answered(jobs / 4)
        yield* first.kill
        yield* world.runner
        yield* world.answered(jobs / 2)
        yield* second.kill
        const status = yield* world.end(id)
        assert.strictEqual(status.error, null)
        assert.deepStrictEqual(countsOf(status), { ...none, listed: jobs, exported: jobs })
        assert.isTrue(status.report.complete)
        // Only jobs that a killed runner had in flight are fetched again.
        assert.isBelow(yield* askedFor(world.simulator), jobs * 1.5)
        assert.deepStrictEqual(tree(output), yield* onOneMachine(world.simulator))
      }).pipe(Effect.scoped),
    patience
  )
})

// On this database too runners are killed below; all is tried with both in the full matrix.
describe.each(scale(databases.slice(-1), databases))("a cluster on $name", (kind) => {
  it.live("is restarted runner by runner, and no job is fetched twice", () =>
    Effect.gen(function*() {
      const [jobs, sliceJobs] = scale([120, 10], [240, 20])
      const world = yield* make({
        kind,
        simulator: { batches: [{ id: "one", jobs }], latency: "100 millis" },
        sliceJobs
      })
      const output = yield* temporaryFolder
      const old = [yield* world.runner, yield* world.runner]
      const { id } = yield* world.submit(requestOf(world.simulator, [`files:${output}`]))
      for (const [index, runner] of old.entries()) {
        yield* world.answered(2 * sliceJobs * (index + 1))
        yield* world.runner
        assert.strictEqual(yield* runner.leave, 0)
      }
      const status = yield* world.end(id)
      assert.deepStrictEqual(countsOf(status), { ...none, listed: jobs, exported: jobs })
      assert.strictEqual(yield* askedFor(world.simulator), jobs)
      assert.deepStrictEqual(tree(output), yield* onOneMachine(world.simulator))
    }).pipe(Effect.scoped), patience)

  it.live(
    "gives a sink with one writer to one runner, and to another one when that dies",
    () =>
      Effect.gen(function*() {
        const [jobs, sliceJobs] = scale([80, 10], [160, 20])
        const world = yield* make({
          kind,
          simulator: { batches: [{ id: "one", jobs }], latency: "100 millis" },
          sliceJobs
        })
        const file = join(yield* temporaryFolder, "labels.db")
        const runners = [yield* world.runner, yield* world.runner]
        const { id } = yield* world.submit(requestOf(world.simulator, [`sqlite:${file}`]))
        yield* world.answered(2 * sliceJobs)
        for (const runner of runners) {
          yield* world.runner
          yield* runner.kill
        }
        const status = yield* world.end(id)
        assert.strictEqual(status.error, null)
        assert.deepStrictEqual(countsOf(status), { ...none, listed: jobs, exported: jobs })
        assert.strictEqual(yield* heldBy(SqliteSink.make({ file })), jobs)
      }).pipe(Effect.scoped),
    patience
  )

  it.live.skipIf(inject("postgres") === null)(
    "writes to PostgreSQL from every runner, and stores once what one machine stores when a runner is killed",
    () =>
      Effect.gen(function*() {
        const [jobs, sliceJobs] = scale([120, 10], [240, 20])
        const world = yield* make({
          kind,
          simulator: { batches: [{ id: "one", jobs }], latency: "100 millis" },
          sliceJobs
        })
        const tables = yield* watchedTables
        const [killed, second] = [yield* world.runner, yield* world.runner]
        const { id } = yield* world.submit(requestOf(world.simulator, [tables.target]))
        yield* tables.writtenBy([killed.pid, second.pid])
        yield* killed.kill
        yield* world.runner
        const status = yield* world.end(id)
        assert.strictEqual(status.error, null)
        assert.deepStrictEqual(countsOf(status), { ...none, listed: jobs, exported: jobs })
        yield* onOneMachine(world.simulator, tables.other)
        yield* tables.areAsOneProcessMakesThem
      }).pipe(Effect.scoped),
    patience
  )

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
    "stops when it is asked to, publishes what is stored, and goes on with the same request",
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

// What decides is tried step by step in other files; this takes a minute, for all the time that locks last.
describe.each(scale([], databases.slice(-1)))("a cluster on $name", (kind) => {
  it.live(
    "ends complete while a runner is frozen, which changes nothing when it returns",
    () =>
      Effect.gen(function*() {
        const [jobs, sliceJobs] = scale([120, 10], [240, 20])
        const world = yield* make({
          kind,
          simulator: { batches: [{ id: "one", jobs }], latency: "100 millis" },
          sliceJobs
        })
        const output = yield* temporaryFolder
        const [frozen] = [yield* world.runner, yield* world.runner, yield* world.runner]
        const { id } = yield* world.submit(requestOf(world.simulator, [`files:${output}`]))
        yield* world.answered(jobs / 3)
        yield* frozen.freeze
        const status = yield* world.end(id)
        assert.strictEqual(status.error, null)
        assert.isTrue(status.report.complete)
        assert.deepStrictEqual(countsOf(status), { ...none, listed: jobs, exported: jobs })
        const expected = yield* onOneMachine(world.simulator)
        assert.deepStrictEqual(tree(output), expected)
        yield* frozen.thaw
        assert.strictEqual(yield* frozen.leave, 0)
        assert.deepStrictEqual(tree(output), expected)
        const { differences } = yield* verified(FilesSink.make({ directory: output })).pipe(
          Effect.provideContext(world.client)
        )
        assert.deepStrictEqual(differences, [])
      }).pipe(Effect.scoped),
    patience
  )
})

/** Jobs that a sink has whole, by its own books. */
const heldBy = (sink: ReturnType<typeof SqliteSink.make>) =>
  Effect.map(
    Stream.runCollect(Stream.flattenIterable(sink.inspect("content"))),
    (found) => found.filter(({ _tag }) => _tag === "Intact").length
  )

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
