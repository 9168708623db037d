import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { Simulator } from "../src/index.ts"
import { api, code, data, firstBatch, get, job, jobTarget, listing, page, pageTarget } from "./support/client.ts"

describe("Listing", () => {
  it.live("cuts batches of 0, 1, 100 and 101 jobs into the documented pages", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [0, 1, 100, 101].map((jobs) => ({ jobs })) })
      const sizes = yield* Effect.forEach(simulator.batches, (batch) => listing(simulator, batch.id))
      deepStrictEqual(sizes.map((pages) => pages.map((one) => one.length)), [[0], [1], [100], [100, 1]])
      for (const [i, batch] of simulator.batches.entries()) {
        deepStrictEqual(
          sizes[i]?.flat().map((one) => one.id),
          [...simulator.jobs(batch.id)].map((one) => one.id)
        )
      }
    }))

  it.live("gives opaque tokens of 19 digits that a floating-point number does not hold", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 30_000 }] })
      const token = data(yield* page(simulator, firstBatch(simulator))).next_page_token
      assert.match(token, /^9\d{18}$/)
      const bad = yield* page(simulator, firstBatch(simulator), BigInt(Number(token)).toString())
      strictEqual(bad.status, 400)
      strictEqual(code(bad), "invalid_request_error")
      strictEqual(data(yield* page(simulator, firstBatch(simulator))).next_page_token, token)
    }))

  it.live("ends the last page with the token absent, null or empty as asked", () =>
    Effect.gen(function*() {
      const end = Effect.fnUntraced(function*(lastPage: "absent" | "null" | "empty") {
        const simulator = yield* Simulator.start({ lastPage, batches: [{ jobs: 3 }] })
        const { jobs: _, ...rest } = data(yield* page(simulator, firstBatch(simulator)))
        const others: Record<string, unknown> = rest
        return others
      })
      const common = { id: "", project_id: "", name: "Batch 1" }
      deepStrictEqual(yield* end("absent"), common)
      deepStrictEqual(yield* end("null"), { ...common, next_page_token: null })
      deepStrictEqual(yield* end("empty"), { ...common, next_page_token: "" })
    }))

  it.live("serves v0 in its own forms", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 2 }] })
      const listed = data(yield* api(simulator, pageTarget(simulator, firstBatch(simulator), "", "v0"))).jobs[0] ??
        assert.fail("no job")
      deepStrictEqual(Object.keys(listed), [
        "id",
        "reference_id",
        "status",
        "frames",
        "annotations",
        "priority_weight",
        "tag",
        "viewer_url"
      ])
      const v0 = data(yield* api(simulator, jobTarget(simulator, listed.id, "v0")))
      deepStrictEqual([v0.project_id, v0.work_flow_id, v0.tag], ["", undefined, "sample_project"])
      const v1 = data(yield* job(simulator, listed.id))
      deepStrictEqual([v1.project_id, v1.work_flow_id === v1.tag, v1.result === v0.result], [
        simulator.projectId,
        true,
        true
      ])
      const stats = data(yield* api(simulator, `/v0/projects/${simulator.projectId}/stats`))
      const details = data(yield* api(simulator, `/v0/projects/${simulator.projectId}/details`))
      strictEqual(stats.total_jobs, 2)
      strictEqual(stats.annotations, details.batches[0]?.["annotations"])
      strictEqual((yield* api(simulator, `/v1/projects/${simulator.projectId}/stats`)).status, 404)
    }))

  it.live("counts in the project's details what the listing counts", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 150, unfinished: 0.1 }] })
      const jobs = (yield* listing(simulator, firstBatch(simulator))).flat()
      const details = data(yield* api(simulator, `/v1/projects/${simulator.projectId}/details`)).batches[0] ?? {}
      const done = jobs.filter((one) => one.status === "completed")
      strictEqual(details["completed_jobs"], done.length)
      strictEqual(done.length, 135)
      strictEqual(details["annotations"], jobs.reduce((n, one) => n + one.annotations, 0))
      strictEqual(details["total_frames"], jobs.reduce((n, one) => n + one.frames, 0))
      strictEqual(details["status"], "In Progress")
      yield* simulator.finish()
      strictEqual(
        data(yield* api(simulator, `/v1/projects/${simulator.projectId}/details`)).batches[0]?.["status"],
        "Complete"
      )
    }))

  it.live("says the documented codes for a wrong key, project, batch and job", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ authFailure: 400 })
      const wrong = yield* get(simulator.apiUrl, pageTarget(simulator, firstBatch(simulator)), { "x-api-key": "no" })
      deepStrictEqual([wrong.status, code(wrong)], [400, "auth-failure"])
      const project = yield* api(simulator, "/v1/projects/none/details")
      deepStrictEqual([project.status, code(project)], [400, "unauthorized"])
      const batch = yield* page(simulator, "none")
      deepStrictEqual([batch.status, code(batch)], [400, "resource_error"])
      const missing = yield* job(simulator, "none")
      deepStrictEqual([missing.status, code(missing)], [400, "FS_0006"])
      const strict = yield* Simulator.start({ notFound: 404 })
      strictEqual((yield* job(strict, "none")).status, 404)
      strictEqual((yield* get(strict.apiUrl, jobTarget(strict, "x"))).status, 401)
    }))

  it.live("serves any job of a batch that is too long for any machine to hold", () =>
    Effect.gen(function*() {
      const jobs = 4_000_000_000
      const simulator = yield* Simulator.start({ batches: [{ jobs, ids: "mixed" }] })
      const batch = firstBatch(simulator)
      for (const index of [0, 1, 2, 2_000_000_000, 2_000_000_001, 2_000_000_002, jobs - 1]) {
        const { id, referenceId } = simulator.job(batch, index)
        strictEqual(data(yield* job(simulator, id)).reference_id, referenceId)
      }
    }))

  it.live("adds jobs at the end of a batch, and finishes those that were not", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ unfinishedResult: "null", batches: [{ jobs: 100, unfinished: [7] }] })
      const batch = firstBatch(simulator)
      const { id } = simulator.job(batch, 7)
      const before = data(yield* job(simulator, id))
      deepStrictEqual([before.status, before.result], ["pending", null])
      yield* simulator.finish(id)
      const after = data(yield* job(simulator, id))
      deepStrictEqual([after.status, after.result], ["completed", simulator.resultUrl(batch, id)])
      yield* simulator.addJobs(batch, 5)
      deepStrictEqual((yield* listing(simulator, batch)).map((one) => one.length), [100, 5])
      strictEqual(simulator.batches[0]?.total, 105)
    }))
})
