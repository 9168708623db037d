/** Which branches keep an export from being complete, and which are taken from runners that are gone. */
import { assert, describe, it } from "@effect/vitest"
import { JobSink } from "@labelstream/core"
import { FilesSink } from "@labelstream/sink-files"
import { Lock } from "@labelstream/storage"
import * as Clock from "effect/Clock"
import * as Runner from "effect/cluster/Runner"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import { hostname } from "node:os"
import { ExportRequest, ExportStore } from "../src/index.ts"
import { goneProcesses } from "../src/internal/run/gone.ts"
import { mergeOnce } from "../src/internal/run/mergeAll.ts"
import { beginStep } from "../src/internal/run/whenFree.ts"
import type { Known } from "../src/internal/sessions.ts"
import { fresh, kinds } from "./support/databases.ts"
import { temporaryFolder } from "./support/folders.ts"
import { emptyRequest } from "./support/requests.ts"

const requestOf = (batchId: string): ExportRequest.ExportRequest => ({
  ...emptyRequest,
  batches: [{ projectId: "p", batchId }]
})

const here = (...ports: ReadonlyArray<number>) =>
  Effect.provideService(
    RunnerStorage.RunnerStorage,
    {
      getRunners: Effect.succeed(
        ports.map((port) => [
          Runner.make({ address: RunnerAddress.make("10.0.0.1", port), groups: [], weight: 1 }),
          true
        ])
      )
    } as unknown as RunnerStorage.RunnerStorage["Service"]
  )

/** An export of one batch, with a branch that a runner at a port has open and cannot close. */
const world = Effect.fnUntraced(function*(batchId: string) {
  const store = yield* ExportStore.ExportStore
  const sink = FilesSink.make({ directory: yield* temporaryFolder })
  const branches: JobSink.Branches = sink.branches ?? assert.fail("no branches")
  const { row } = yield* store.submit(batchId, ExportRequest.encode(requestOf(batchId)))
  yield* store.begin(row.id)
  const opened = (writer: string, port: number, process = "one") =>
    Effect.andThen(store.openWriter(writer, row.id, `10.0.0.1:${port}`, process), branches.open(writer))
  const said: Array<string | null> = []
  const say = (what: string | null) => Effect.sync(() => void said.push(what))
  const merged = (batch: string, by = branches) => mergeOnce({ request: requestOf(batch) } as Known, sink.id, by, say)
  const end = store.end(row.id, { state: "aborted", report: null, error: "it hung", runEnd: null })
  const now = Effect.map(store.find(row.id), (found) => Option.getOrThrow(found).now)
  /** Waits until the time of the database has changed. */
  const tick = Effect.flatMap(now, (before) => Effect.repeat(now, { until: (later) => later > before }))
  return { branches, id: row.id, end, merged, opened, said, tick }
})

describe("the merge at the end of an export", () => {
  for (const kind of kinds) {
    const on = Effect.provide(ExportStore.layer.pipe(Layer.provide(fresh(kind))), { local: true })

    it.live(`on ${kind.name} says who holds a branch, also one that an earlier export has left open`, () =>
      Effect.gen(function*() {
        const { end, id, merged, opened } = yield* world("b")
        yield* opened("frozen", 7)
        yield* end
        for (const batch of ["b", "c"]) {
          const error = yield* Effect.flip(here(7, 8)(merged(batch)))
          assert.strictEqual(error._tag, "ClusterError")
          const holder = `frozen (runner 10.0.0.1:7 for export ${id}, process ${process.pid} on ${hostname()})`
          assert.include(error.message, holder)
          assert.include(error.message, "Then run the export again")
        }
      }).pipe(Effect.scoped, on))

    it.live(`on ${kind.name} takes the branch of a runner that is gone, which can write there no more`, () =>
      Effect.gen(function*() {
        const { branches, merged, opened, tick } = yield* world("b")
        const frozen = yield* opened("frozen", 7)
        yield* here(8)(merged("b"))
        assert.deepStrictEqual(yield* branches.list, [])
        assert.strictEqual((yield* Effect.flip(frozen.finish({ outcome: "completed" }))).reason, "conflict")
        // Another process has the address now.
        yield* opened("earlier", 8, "one")
        yield* tick
        yield* opened("later", 8, "two")
        const error = yield* Effect.flip(here(8)(merged("b")))
        assert.include(error.message, "later")
        assert.notInclude(error.message, "earlier")
        assert.deepStrictEqual(yield* here(8)(goneProcesses), new Set(["one"]))
        assert.deepStrictEqual(yield* here(7, 8)(goneProcesses), new Set())
      }).pipe(Effect.scoped, on))

    it.live(`on ${kind.name} records what an export waits for, until it ends`, () =>
      Effect.gen(function*() {
        const store = yield* ExportStore.ExportStore
        const { end, id } = yield* world("b")
        const found = Effect.map(store.find(id), (row) => Option.getOrThrow(row).waitsFor)
        const say = yield* beginStep({ id })
        yield* say("waiting for a lock")
        assert.strictEqual(yield* found, "waiting for a lock")
        // Another runner takes over, and does not wait.
        yield* beginStep({ id })
        assert.isNull(yield* found)
        yield* store.waitFor(id, "waiting for a lock")
        yield* end
        assert.isNull(yield* found)
      }).pipe(Effect.scoped, on))
  }

  it.effect("takes the target from a publisher that is gone, and reports the lock until then", () =>
    Effect.gen(function*() {
      const { branches, merged, opened, said } = yield* world("b")
      yield* Effect.scoped(opened("killed", 7, "the killed one"))
      yield* Effect.scoped(opened("present", 8, "the present one"))
      const detail = "process 7 on runner-7 is writing to /out"
      const taken = new JobSink.SinkError({ sink: "files", step: "merge", reason: "conflict", detail })
      let isLocked = true
      const publishing = yield* Effect.forkChild(
        here(8)(merged("b", {
          ...branches,
          merge: Effect.suspend(() => isLocked ? Effect.fail(taken) : branches.merge),
          unlock: (gone) =>
            Effect.sync(() => {
              assert.deepStrictEqual(gone, new Set(["the killed one"]))
              isLocked = false
              return true
            })
        }))
      )
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(publishing)
      assert.deepStrictEqual(said, [`waiting for a lock: ${detail}`, null])
    }).pipe(Effect.scoped, Effect.provide(ExportStore.layer.pipe(Layer.provide(fresh(kinds[0]!))), { local: true })))

  it.effect("outlasts the lock of a publisher that was killed on another machine", () =>
    Effect.gen(function*() {
      const { branches, merged } = yield* world("b")
      const taken = new JobSink.SinkError({ sink: "files", step: "merge", reason: "conflict", detail: "it is locked" })
      const merge = Effect.flatMap(
        Clock.currentTimeMillis,
        (now) => now < Lock.leftBehindAfter ? Effect.fail(taken) : branches.merge
      )
      const publishing = yield* Effect.forkChild(here(8)(merged("b", { ...branches, merge })))
      yield* TestClock.adjust(Lock.leftBehindAfter)
      yield* Fiber.join(publishing)
    }).pipe(Effect.scoped, Effect.provide(ExportStore.layer.pipe(Layer.provide(fresh(kinds[0]!))), { local: true })))

  it.live("leaves the branch of a running export of other batches to that export, and waits for one of the same", () =>
    Effect.gen(function*() {
      const { branches, merged, opened } = yield* world("b")
      yield* opened("other", 7)
      yield* here(7)(merged("c"))
      assert.deepStrictEqual((yield* branches.list).map(({ writer }) => writer), ["other"])
      assert.strictEqual((yield* Effect.flip(here(7)(merged("b"))))._tag, "ClusterError")
    }).pipe(Effect.scoped, Effect.provide(ExportStore.layer.pipe(Layer.provide(fresh(kinds[0]!))), { local: true })))
})
