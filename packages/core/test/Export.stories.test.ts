/** Runs of every kind, one after another, while the platform, the sinks, and the ledger change and fail. */
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Effect, Exit, Fiber, Stream } from "effect"
import { scale } from "../../../scripts/testScale.ts"
import type { Options } from "../src/Export.ts"
import { Ledger, LedgerError } from "../src/Ledger.ts"
import * as Verify from "../src/Verify.ts"
import { balanced, released, world } from "./support/exports.ts"
import { documentUrl, type FakeJob, FakePlatform, ok } from "./support/fakePlatform.ts"
import { MemorySink } from "./support/memorySink.ts"
import { random } from "./support/random.ts"
import { lapse } from "./support/time.ts"

const isFinished = ({ status }: FakeJob) => status === undefined

/** A platform whose jobs change. Jobs that are no longer listed can still be fetched, unless they were removed. */
const platformOf = (next: () => number) => {
  const revised = (id: string): FakeJob => ({ id, document: { of: id, revision: Math.floor(next() * 3) } })
  const jobs = Array.from({ length: 3 + Math.floor(next() * 8) }, (_, at) => revised(`b-${at}`))
  const batch = { projectId: "p", batchId: "b", jobs }
  const unlisted: Array<FakeJob> = []
  const removed = new Set<string>()
  const missing = new Map<string, number>()
  const platform = new FakePlatform([batch], (_, kind) => {
    const left = missing.get(kind) ?? 0
    missing.set(kind, left - 1)
    if (left > 0) return { status: 404 }
    const job = unlisted.find(({ id }) => kind === `jobs ${id}` || kind === `file ${documentUrl(id)}`)
    if (job === undefined || removed.has(job.id)) return undefined
    return kind.startsWith("jobs")
      ? ok({ job_id: job.id, reference_id: "r", status: job.status ?? "completed", result: documentUrl(job.id) })
      : { headers: { "content-type": "application/json" }, body: job.document }
  }, 1 + Math.floor(next() * 5))
  const changes: ReadonlyArray<(job: FakeJob, at: number) => void> = [
    ({ id }, at) => jobs[at] = revised(id),
    ({ id }, at) => jobs[at] = { ...revised(id), counts: { annotations: Math.floor(next() * 3) } },
    (job, at) => jobs[at] = isFinished(job) ? { ...job, status: "in_progress" } : revised(job.id),
    ({ id }) => missing.set(`jobs ${id}`, 1 + Math.floor(next() * 2)),
    (job, at) => {
      jobs.splice(at, 1)
      unlisted.push(job)
      if (next() < 0.5) removed.add(job.id)
    },
    () => jobs.push(...unlisted.splice(0))
  ]
  return {
    platform,
    batch,
    /** The document of a job as the platform has it. */
    documentOf: (id: string) => JSON.stringify([...jobs, ...unlisted].find((job) => job.id === id)?.document),
    /** Every job that is not removed can be fetched from now on. */
    recover: () => missing.clear(),
    change: () => {
      const at = Math.floor(next() * jobs.length)
      if (jobs[at] !== undefined) changes[Math.floor(next() * changes.length)]!(jobs[at], at)
    }
  }
}

/** Loses or damages a job of a sink behind its back, or makes it fail later. */
const trouble = (sink: MemorySink, next: () => number) => {
  const keys = Array.from(sink.stored.keys())
  const key = keys[Math.floor(next() * keys.length)]
  const job = sink.stored.get(key ?? "")
  const behind = next()
  if (key !== undefined && job !== undefined) {
    if (behind < 0.2) sink.stored.delete(key)
    else if (behind < 0.4) sink.stored.set(key, { ...job, document: `${job.document} ` })
  }
  let left = Math.floor(next() * 6)
  const how = next()
  sink.rejects = how > 0.9 ? ({ jobId }) => jobId === "b-1" : () => false
  sink.before = (step) =>
    how > 0.3 || step === "open" || step === "finish" || left-- > 0
      ? Effect.void
      : how < 0.1
      ? Effect.die(new Error("fault"))
      : Effect.fail(sink.error(step, how < 0.2 ? "unavailable" : "corrupt"))
}

type More = Pick<Options, "selection" | "repair" | "limit">

const kinds: ReadonlyArray<More> = [
  {},
  {},
  { selection: { _tag: "Refresh" } },
  { selection: { _tag: "Refresh", jobs: new Set(["b-0", "b-2"]) } },
  { selection: { _tag: "Retry" } },
  { repair: true },
  { limit: 2 }
]

/** A run that may be stopped after so many turns. */
const until = Effect.fnUntraced(function*<A, E, R>(run: Effect.Effect<A, E, R>, turns: number) {
  if (turns === Number.POSITIVE_INFINITY) return yield* lapse(Effect.exit(run))
  const fiber = yield* Effect.forkChild(run)
  for (let turn = 0; turn < turns; turn++) yield* Effect.promise(() => new Promise((done) => setImmediate(done)))
  return yield* lapse(Effect.andThen(Fiber.interrupt(fiber), Fiber.await(fiber)))
})

describe("whatever happens between runs and in them", () => {
  it.effect.each(Array.from({ length: scale(8, 100) }, (_, seed) => seed))(
    "a run that says complete is, no sink goes back to an older revision, and all ends well (seed %d)",
    (seed) =>
      Effect.gen(function*() {
        const next = random(seed)
        const { batch, change, documentOf, platform, recover } = platformOf(next)
        const all = Array.from({ length: 1 + Math.floor(next() * 3) }, (_, at) =>
          new MemorySink({
            id: `memory:${at}`,
            replays: next() < 0.6,
            capabilities: { concurrentBatches: 1 + Math.floor(next() * 2) }
          }))
        const sinks = [...all]
        const { ledger, running } = yield* world(platform, sinks)
        const receiving = ledger as { record: Ledger["Service"]["record"] }
        const { record } = receiving

        const latestOf = () => Effect.map(Stream.runCollect(ledger.entries({ batch })), (pages) => pages.flat())

        const run = Effect.fnUntraced(function*(more: More, turns = Number.POSITIVE_INFINITY) {
          const before = new Map(all.map((sink) => [sink, new Map(sink.stored)]))
          const latest = new Map((yield* latestOf()).map((entry) => [entry.jobId, entry.revision?.document]))
          const exit = yield* until(running({ ...more, concurrency: 1 + Math.floor(next() * 4) }), turns)
          released(platform, all)
          for (const sink of all) {
            for (const [key, { document, jobId, revision }] of sink.stored) {
              const old = before.get(sink)?.get(key)
              if (old === undefined || old.revision.document === revision.document) continue
              // From the platform, or from another sink that held what was fetched last.
              const isNew = document === documentOf(jobId) || revision.document === latest.get(jobId)
              assert.isTrue(isNew, `${sink.id} holds an older ${jobId}`)
            }
          }
          if (Exit.isFailure(exit)) return exit
          balanced(exit.value)
          const isForAll = more.limit === undefined && (more.selection?._tag ?? "New") !== "Retry"
          if (exit.value.complete && isForAll && more.selection === undefined) yield* complete(more)
          return exit
        })

        /** Every sink of the run holds every finished job, all of them the same of each, and as the receipts say. */
        const complete = Effect.fnUntraced(function*({ repair }: More) {
          const finished = batch.jobs.filter(isFinished).map(({ id }) => id)
          for (const id of finished) {
            const held = new Set(sinks.map(({ stored }) => stored.get(`b/${id}`)?.revision.document))
            assert.isTrue(held.size === 1 && !held.has(undefined), `${id} is not in every sink`)
          }
          for (const { sink } of sinks) {
            const verified = yield* Verify.sink(sink, { depth: repair === true ? "content" : "manifest" }).pipe(
              Stream.runCollect,
              Effect.provideService(Ledger, ledger)
            )
            // What is not finished, or no longer there, cannot be restored: it was reported.
            const wrong = verified.flatMap(({ differences }) => differences).filter((one) =>
              one._tag !== "Modified" || one.jobId === undefined || finished.includes(one.jobId)
            )
            deepStrictEqual(wrong, [])
          }
        })

        for (let step = 4 + Math.floor(next() * 6); step > 0; step--) {
          for (let count = Math.floor(next() * 4); count > 0; count--) change()
          for (const sink of all) trouble(sink, next)
          const taking = all.filter(() => next() < 0.75)
          sinks.splice(0, sinks.length, ...(taking.length === 0 ? all : taking))
          // As when its disk is full.
          let room = next() < 0.25 ? Math.floor(next() * 8) : Number.POSITIVE_INFINITY
          receiving.record = (outcomes) =>
            room-- > 0 ? record(outcomes) : Effect.fail(new LedgerError({ reason: "unavailable", detail: "full" }))
          yield* run(kinds[Math.floor(next() * kinds.length)]!, next() < 0.2 ? Math.floor(next() * 30) : undefined)
        }

        recover()
        receiving.record = record
        sinks.splice(0, sinks.length, ...all)
        for (const sink of all) {
          sink.before = () => Effect.void
          sink.rejects = () => false
        }
        for (const more of [{ repair: true }, { selection: { _tag: "Refresh" } }] as const) {
          assert(Exit.isSuccess(yield* run(more)))
        }
        for (const job of batch.jobs.filter(isFinished)) {
          for (const { stored } of all) deepStrictEqual(stored.get(`b/${job.id}`)?.document, documentOf(job.id))
        }
      })
  )
})
