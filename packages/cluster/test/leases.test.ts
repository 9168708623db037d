/** What a runner that was frozen, or whose clock is wrong, cannot do to what others have stored. */
import { assert, describe, it } from "@effect/vitest"
import { GtStudio, type Job, Ledger, Verify } from "@labelstream/core"
import { NodeSpool, NodeTransport } from "@labelstream/node"
import { Simulator } from "@labelstream/simulator"
import { FilesSink } from "@labelstream/sink-files"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ExportStore } from "../src/index.ts"
import { list } from "../src/internal/run/lister.ts"
import { runSlice, type Work } from "../src/internal/run/sliceRun.ts"
import { openAll, type Writer } from "../src/internal/run/writers.ts"
import { fresh, type Kind, kinds } from "./support/databases.ts"
import { temporaryFolder } from "./support/folders.ts"
import { requestOf } from "./support/world.ts"

const batch: Job.BatchRef = { projectId: "p", batchId: "b" }
const listed: Ledger.Listed = { status: "completed", frames: 1, annotations: 2 }

const stored = (jobId: string, document: string): Ledger.Outcome => ({
  _tag: "Stored",
  batch,
  sink: "files",
  receipt: { batchId: "b", jobId, revision: { document, attachments: "" }, bytes: 1 },
  listed,
  at: 1
})

const late = {
  Stored: (jobId: string) => stored(jobId, "old"),
  Unchanged: (jobId: string): Ledger.Outcome => ({ _tag: "Unchanged", batch, jobId, listed, at: 1 }),
  Unfinished: (jobId: string): Ledger.Outcome => ({ _tag: "Unfinished", batch, jobId }),
  Failed: (jobId: string): Ledger.Outcome => ({
    _tag: "Failed",
    batch,
    jobId,
    error: { reason: "Gone", message: "gone", retryable: true },
    at: 1
  }),
  Reconciled: (jobId: string): Ledger.Outcome => ({ ...stored(jobId, "old"), _tag: "Reconciled" } as Ledger.Outcome),
  Voided: (jobId: string): Ledger.Outcome => ({ _tag: "Voided", batch, sink: "files", jobId })
}

const summary = (id: string): Job.JobSummary => ({ id, referenceId: null, ...listed, tag: null, priorityWeight: null })

const withStore = (kind: Kind) => Effect.provide(ExportStore.layer.pipe(Layer.provide(fresh(kind))), { local: true })

const begun = Effect.gen(function*() {
  const store = yield* ExportStore.ExportStore
  const { row } = yield* store.submit(crypto.randomUUID(), "{}")
  return { store, ...yield* store.begin(row.id) }
})

/** A clock that is ahead of the machine's. */
const ahead = (millis: number) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Clock.Clock, (clock) =>
    Effect.provideService(
      effect,
      Clock.Clock,
      Object.assign(Object.create(clock) as Clock.Clock, {
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + millis,
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + millis)
      })
    ))

for (const kind of kinds) {
  describe(`a lease on ${kind.name}`, () => {
    it.live("is greater than every one before, by whatever clock", () =>
      Effect.gen(function*() {
        const { run, store } = yield* begun
        const one = yield* ahead(600_000)(store.lease(run, 1))
        const two = yield* store.lease(run, 2)
        const three = yield* ahead(-600_000)(store.lease(run, 1))
        assert.isBelow(one.number, two.number)
        assert.isBelow(two.number, three.number)
      }).pipe(withStore(kind)))

    it.live("records nothing of a job that was recorded under a later one", () =>
      Effect.gen(function*() {
        const { run, store } = yield* begun
        const ids = Object.keys(late)
        yield* store.place(run, batch, ids.map((id) => ({ summary: summary(id), slice: 1, outcome: null })))
        const earlier = yield* store.lease(run, 1)
        const later = store.ledger(run, yield* store.lease(run, 1))
        yield* later.record(ids.map((id) => stored(id, "new")))
        const before = [yield* later.find(batch, ids), yield* store.progress(run)]
        yield* store.ledger(run, earlier).record(Object.entries(late).map(([id, outcome]) => outcome(id)))
        assert.deepStrictEqual([yield* later.find(batch, ids), yield* store.progress(run)], before)
        // The same lease may change its own.
        yield* later.record([late.Failed("Stored"), late.Voided("Voided")])
        const [changed, voided] = yield* later.find(batch, ["Stored", "Voided"])
        assert.deepStrictEqual([changed?.stage, voided?.receipts], ["failed", []])
      }).pipe(withStore(kind)))

    it.live("does not end a slice that was given to another one", () =>
      Effect.gen(function*() {
        const { run, store } = yield* begun
        yield* store.place(run, batch, [{ summary: summary("1"), slice: 1, outcome: null }])
        const earlier = yield* store.lease(run, 1)
        const later = yield* store.lease(run, 1)
        const done = [{ ...batch, jobId: "1" }]
        assert.isFalse(yield* store.endSlice(run, earlier, done, { batches: [] }))
        assert.deepStrictEqual(yield* store.pending(run), [1])
        assert.isTrue(yield* store.endSlice(run, later, done, { batches: [] }))
        assert.deepStrictEqual(yield* store.pending(run), [])
      }).pipe(withStore(kind)))

    it.live("records the time of the database, and so do exports", () =>
      ahead(600_000)(Effect.gen(function*() {
        const { run, startedAt, store } = yield* begun
        const now = yield* Clock.currentTimeMillis
        const ledger = store.ledger(run, yield* store.lease(run, 1))
        yield* ledger.record([{ ...stored("1", "new"), at: now } as Ledger.Outcome])
        const [entry] = yield* ledger.find(batch, ["1"])
        const [row] = yield* store.list(1)
        for (const time of [startedAt, row?.submittedAt ?? 0, row?.now ?? 0, entry?.checkedAt ?? 0]) {
          assert.isBelow(time, now - 300_000)
        }
      })).pipe(withStore(kind)))
  })
}

describe("a lease", () => {
  const kind = kinds[0]!
  it.live("of a runner whose clock is ahead leaves nothing that a later refresh takes for checked", () =>
    Effect.gen(function*() {
      const jobs = 5
      const world = yield* sliced(jobs)
      const first = yield* world.begin("new")
      assert.isTrue(yield* ahead(600_000)(first.slice(yield* world.writer("one"))))
      const [job] = world.ids
      yield* world.simulator.rework(job ?? "")
      const second = yield* world.begin("refresh")
      assert.strictEqual(world.ids.length, jobs)
      assert.isTrue(yield* second.slice(yield* world.writer("two")))
      const { batches } = yield* second.store.progress(second.run)
      assert.deepInclude(batches[0], { exported: 1, changed: 1, unchanged: jobs - 1, remaining: 0 })
    }).pipe(Effect.scoped, withStore(kind)))

  for (const step of ["stage", "commit", "record"] as const) {
    it.live(`of a runner that was frozen before its ${step} changes neither ledger nor files when it returns`, () =>
      Effect.gen(function*() {
        const world = yield* sliced(6)
        const { run, slice, store } = yield* world.begin("new")
        const frozen = yield* world.frozen("frozen", step)
        const first = yield* Effect.forkChild(slice(frozen.writer))
        yield* Deferred.await(frozen.reached)
        yield* world.simulator.rework(...world.ids)
        assert.isTrue(yield* slice(yield* world.writer("other")))
        const before = yield* store.ledger(run).find(world.batch, world.ids)
        yield* Deferred.succeed(frozen.thawed, undefined)
        assert.isFalse(yield* Fiber.join(first))
        assert.deepStrictEqual(yield* store.ledger(run).find(world.batch, world.ids), before)
        yield* world.closed
        assert.deepStrictEqual((yield* world.sink.branches!.merge).stillOpen, [])
        const verified = yield* Stream.runCollect(Verify.sink(world.sink)).pipe(
          Effect.provideService(Ledger.Ledger, store.ledger(run))
        )
        assert.deepStrictEqual(verified.flatMap(({ differences }) => differences), [])
        assert.strictEqual(verified.reduce((sum, { intact }) => sum + intact, 0), 6)
      }).pipe(Effect.scoped, withStore(kind)))
  }
})

/** A platform with one batch, a sink for the branches of several runners, and exports of one slice. */
const sliced = Effect.fnUntraced(function*(jobs: number) {
  const simulator = yield* Simulator.start({ batches: [{ id: "one", jobs }] })
  const sink = FilesSink.make({ directory: yield* temporaryFolder })
  const api = yield* Layer.build(
    GtStudio.layer({ apiKey: Redacted.make(simulator.apiKey), baseUrl: simulator.apiUrl }).pipe(
      Layer.provide(NodeTransport.layer()),
      Layer.provideMerge(NodeSpool.layer({ directory: yield* temporaryFolder }))
    )
  )
  const stop = yield* Deferred.make<void>()
  const scope = yield* Scope.fork(yield* Effect.scope)
  const branch = { projectId: simulator.projectId, batchId: "one" }
  const ids: Array<string> = []
  const writer = (name: string) => Scope.provide(Effect.map(openAll([sink], name), ([writer]) => writer!), scope)
  return {
    simulator,
    sink,
    batch: branch,
    ids,
    writer,
    /** Lets the runners close their branches. */
    closed: Scope.close(scope, Exit.void),
    frozen: Effect.fnUntraced(function*(name: string, step: "stage" | "commit" | "record") {
      const { open, ...rest } = yield* writer(name)
      const [reached, thawed] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const freeze = Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(thawed))
      const frozen: Writer = {
        ...rest,
        open: {
          ...open,
          stage: (token, records) =>
            Effect.andThen(step === "stage" ? freeze : Effect.void, open.stage(token, records)),
          commit: (token) =>
            Effect.andThen(step === "commit" ? freeze : Effect.void, open.commit(token)).pipe(
              Effect.tap(() => step === "record" ? freeze : Effect.void)
            )
        }
      }
      return { writer: frozen, reached, thawed }
    }),
    begin: Effect.fnUntraced(function*(mode: "new" | "refresh") {
      const { run, store } = yield* begun
      const request = requestOf(simulator, [], { mode })
      yield* Effect.provideContext(
        list({ run, request, sinks: [sink.id], sliceJobs: jobs, isStopped: () => false, onSlice: () => Effect.void })
          .pipe(
            Effect.provideService(Ledger.Ledger, store.ledger(run))
          ),
        api
      )
      const placed = yield* store.sliceJobs(run, 1)
      ids.splice(0, ids.length, ...placed.map(({ summary }) => summary.id))
      const slice = (writer: Writer) => {
        const work: Work = { run, load: 1, request, writers: [writer], concurrency: 8, stop }
        return Effect.provideContext(runSlice(work, 1), api)
      }
      return { store, run, slice }
    })
  }
})
