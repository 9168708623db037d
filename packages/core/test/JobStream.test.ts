import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Layer, Result, Stream } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as GtStudio from "../src/GtStudio.ts"
import * as JobStream from "../src/JobStream.ts"
import * as SpoolMemory from "../src/SpoolMemory.ts"
import { batchOf, error as refusal, FakePlatform, ok, ref } from "./support/fakePlatform.ts"
import { lapse } from "./support/time.ts"

const summary = (id: string, status = "completed") => ({
  id,
  referenceId: null,
  status,
  frames: null,
  annotations: null,
  tag: null,
  priorityWeight: null
})

const batchWith = (statuses: Record<string, string>, override?: FakePlatform["override"]) => {
  const jobs = batchOf(5).jobs.map((job) => ({ ...job, status: statuses[job.id] ?? "completed" }))
  return new FakePlatform([{ projectId: "p", batchId: "b", jobs }], override)
}

const annotated: unknown = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures", "image_annotation_mixed.json"), "utf8")
)

/** Five jobs with annotations; the third is gone, and the second entry of the listing cannot be read. */
const flawed = () => {
  const jobs = batchOf(5).jobs.map((job) =>
    job.id === "b-1" ? { ...job, listed: { id: job.id, status: 7 } } : { ...job, document: annotated }
  )
  return new FakePlatform(
    [{ projectId: "p", batchId: "b", jobs }],
    (_, kind) => kind === "jobs b-2" ? refusal(404, "FS_0006") : undefined
  )
}

/** A key that is taken away after the listing, of one page. */
const refused = () =>
  new FakePlatform(
    [batchOf(200)],
    (_, kind) => kind.startsWith("jobs") ? refusal(401, "auth-failure") : undefined,
    200
  )

const over = (platform: FakePlatform) => platform.layer({ retry: { retries: 0 } })

describe("jobs", () => {
  const run = (platform: FakePlatform, options?: JobStream.Options) =>
    lapse(
      JobStream.jobs(ref, ({ jobId }) => jobId === "b-4" ? Effect.fail("unwanted") : Effect.succeed(jobId), options)
        .pipe(
          Stream.runCollect,
          Effect.provide(over(platform))
        )
    )

  it.effect("emits the outcome of each job, and continues after a bad one", () =>
    Effect.gen(function*() {
      const platform = flawed()
      const results = yield* run(platform, { ordered: true })
      deepStrictEqual(
        results.map((result) => Result.isSuccess(result) ? result.success : `${result.failure.jobId} failed`),
        ["b-0", "b-1 failed", "b-2 failed", "b-3", "b-4 failed"]
      )
      const failures = results.filter(Result.isFailure).map(({ failure }) => failure)
      deepStrictEqual(failures.map(({ batchId, projectId }) => [projectId, batchId]), [["p", "b"], ["p", "b"], [
        "p",
        "b"
      ]])
      const tags = failures.map(({ error }) =>
        typeof error === "string" ? error : error._tag === "GtStudioError" ? error.reason._tag : error._tag
      )
      deepStrictEqual(tags, ["MalformedResponse", "NotFound", "unwanted"])
      strictEqual(platform.spool.held, 0)
    }))

  it.effect("takes no error of `use` for a refused key, whatever its fields are called", () =>
    Effect.gen(function*() {
      const results = yield* lapse(
        JobStream.jobs(ref, () => Effect.fail({ isFatal: true })).pipe(
          Stream.runCollect,
          Effect.provide(over(new FakePlatform([batchOf(2)])))
        )
      )
      strictEqual(results.filter(Result.isFailure).length, 2)
    }))

  it.effect("leaves out unfinished jobs, without a request for them", () =>
    Effect.gen(function*() {
      const platform = batchWith({ "b-1": "in_progress", "b-4": "in_progress" })
      const results = yield* run(platform)
      strictEqual(results.length, 3)
      assert(!platform.kinds.includes("jobs b-1"))
    }))

  it.effect("fails once the key is refused for good, and not once per job", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run(refused()))
      assert(error._tag === "GtStudioError")
      deepStrictEqual([error.reason._tag, error.isFatal], ["InvalidKey", true])
    }))

  it.effect("fails with the listing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run(new FakePlatform([batchOf(1, "other")])))
      strictEqual(error._tag, "GtStudioError")
    }))

  it.effect.each(
    [
      [{ concurrency: 0 }, "concurrency"],
      [{ attachments: "al" as "all" }, "attachments"],
      [{ parseLimit: Number.NaN }, "parseLimit"],
      [{ onUnreachable: "no function" as unknown as () => void }, "onUnreachable"]
    ] as const
  )("refuses %j", ([options, option]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run(new FakePlatform([batchOf(1)]), options))
      assert(error._tag === "OptionError")
      strictEqual(error.option, option)
    }))
})

describe("rows", () => {
  const all = Effect.fnUntraced(function*(platform: FakePlatform, options: JobStream.RowOptions = {}) {
    const rows = yield* lapse(JobStream.rows(ref, options).pipe(Stream.runCollect, Effect.provide(over(platform))))
    return rows.map(({ annotation_index, batch_id, job_id }) => `${batch_id} ${job_id} ${annotation_index}`)
  })

  it.effect("emits the annotations of all finished jobs, those of one job in order", () =>
    Effect.gen(function*() {
      const jobs = batchOf(3).jobs.map((job) => ({ ...job, document: annotated }))
      const platform = new FakePlatform([{ ...ref, jobs }])
      const found = yield* all(platform)
      const ofFirst = found.filter((row) => row.startsWith("b b-0 "))
      deepStrictEqual(ofFirst, ofFirst.map((_, index) => `b b-0 ${index}`))
      strictEqual(found.length, 3 * ofFirst.length)
      assert(ofFirst.length > 1)
      strictEqual(platform.spool.held, 0)
    }))

  it.effect("passes bad jobs to onFailure, and continues", () =>
    Effect.gen(function*() {
      const bad: Array<string> = []
      const found = yield* all(flawed(), { onFailure: ({ jobId }) => Effect.sync(() => bad.push(jobId)) })
      deepStrictEqual(bad.sort(), ["b-1", "b-2"])
      deepStrictEqual(new Set(found.map((row) => row.split(" ")[1])), new Set(["b-0", "b-3", "b-4"]))
    }))

  it.effect("fails with the first bad job without onFailure", () =>
    Effect.map(Effect.flip(all(flawed())), (error) => strictEqual(error._tag, "GtStudioError")))

  it.effect("does not hand a refused key to onFailure", () =>
    Effect.map(Effect.flip(all(refused(), { onFailure: () => Effect.void })), (error) => {
      assert(error._tag === "GtStudioError")
      strictEqual(error.reason._tag, "InvalidKey")
    }))

  it.effect("works over the spool in memory", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([{ ...ref, jobs: [{ id: "j", document: annotated }] }])
      const count = yield* JobStream.rows(ref).pipe(
        Stream.runCount,
        Effect.provide(platform.layer({}, Layer.orDie(SpoolMemory.layer())))
      )
      assert(count > 0)
      strictEqual(platform.spool.mostHeld, 0)
    }))
})

describe("mapJobs", () => {
  const run = (platform: FakePlatform, options: Parameters<typeof JobStream.mapJobs>[2], use = Effect.void) =>
    lapse(
      Stream.fromIterable(platform.batches[0]!.jobs.map(({ id, status }) => summary(id, status))).pipe(
        JobStream.mapJobs(ref, (job) => Effect.as(use, job.jobId), options),
        Stream.runCollect,
        Effect.provide(platform.layer())
      )
    )

  it.effect("leaves out unfinished jobs, without a request for them", () =>
    Effect.gen(function*() {
      const platform = batchWith({ "b-1": "in_progress" })
      deepStrictEqual((yield* run(platform, {})).sort(), ["b-0", "b-2", "b-3", "b-4"])
      assert(!platform.kinds.includes("jobs b-1"))
    }))

  it.effect("keeps the input's order on request although one job is slow", () =>
    Effect.gen(function*() {
      const slow = (_: unknown, kind: string) =>
        kind === "jobs b-0" ? { ...ok({ status: "x" }), delay: 9000 } : undefined
      const ids = ["b-1", "b-2", "b-3", "b-4"]
      deepStrictEqual(yield* run(batchWith({}, slow), { ordered: true }), ids)
    }))

  it.effect("holds no more jobs than are worked on", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(30)])
      yield* run(platform, { concurrency: 3 }, Effect.sleep(50))
      strictEqual(platform.spool.mostHeld, 3)
      strictEqual(platform.spool.held, 0)
    }))

  it.effect("gives all its jobs one load id, new or given", () =>
    Effect.gen(function*() {
      const loads = (options: JobStream.Options) =>
        lapse(
          Stream.fromIterable(batchOf(4).jobs.map(({ id }) => summary(id))).pipe(
            JobStream.mapJobs(ref, ({ load }) => Effect.succeed(load), options),
            Stream.runCollect,
            Effect.provide(new FakePlatform([batchOf(4)]).layer())
          )
        )
      const own = yield* loads({})
      strictEqual(own.length, 4)
      strictEqual(new Set(own).size, 1)
      assert(Number.isSafeInteger(own[0]))
      deepStrictEqual(yield* loads({ load: 7 }), [7, 7, 7, 7])
    }))
})

describe("batches", () => {
  it.effect("come as they are exported, with what the project says of them", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([], () => ok({ batches: [{ id: "b", total_jobs: 3 }] }))
      const batches = yield* Effect.provide(GtStudio.batches("p"), platform.layer())
      deepStrictEqual(batches.map(({ batchId, projectId, totalJobs }) => [projectId, batchId, totalJobs]), [[
        "p",
        "b",
        3
      ]])
    }))

  it.effect("of no project are a failure that says so", () =>
    Effect.gen(function*() {
      const unset = (process.env as { readonly UNSET?: string }).UNSET as string
      const error = yield* Effect.flip(Effect.provide(GtStudio.batches(unset), new FakePlatform([]).layer()))
      assert.include(error.message, "the id is missing")
    }))
})
