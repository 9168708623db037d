import { assert, describe, it } from "@effect/vitest"
import { assertFailure, deepStrictEqual } from "@effect/vitest/utils"
import { Effect, Result, Schema } from "effect"
import { isFinished, JobResult, JobSummary, ProjectDetails } from "../src/Job.ts"
import { FakePlatform, ok } from "./support/fakePlatform.ts"

describe("a status", () => {
  it("means finished as completed or complete, in any case", () => {
    for (const status of ["completed", "complete", "COMPLETED", "Complete"]) assert(isFinished({ status }))
  })

  it("means unfinished in every other word", () => {
    for (const status of ["", "in_progress", "incomplete", "uncompleted", "completed ", "failed"]) {
      assert(!isFinished({ status }))
    }
  })
})

describe("what the platform says", () => {
  it.effect("of a project is read as documented", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([], () =>
        ok({
          name: "Cars",
          base: "IMAGE",
          batches: [{
            id: "1",
            name: "Batch 1",
            total_jobs: 5,
            completed_jobs: 2,
            is_default: true,
            status: "Complete"
          }, {
            id: "2"
          }],
          labels: { new: true }
        }))
      const gtStudio = yield* platform.gtStudio
      const { batches, ...project } = yield* gtStudio.project("p")
      deepStrictEqual(project, { name: "Cars", base: "IMAGE" })
      deepStrictEqual(
        batches.map(({ completedJobs, id, isDefault, status, totalJobs }) => ({
          completedJobs,
          id,
          isDefault,
          status,
          totalJobs
        })),
        [
          { completedJobs: 2, id: "1", isDefault: true, status: "Complete", totalJobs: 5 },
          { completedJobs: null, id: "2", isDefault: null, status: null, totalJobs: null }
        ]
      )
    }))

  it("of a project's batches may be null instead of an empty list, and any word or number in descriptive fields", () => {
    const project = Schema.decodeUnknownSync(ProjectDetails)
    deepStrictEqual(project({ name: 7, batches: null }), { name: "7", base: null, batches: [] })
    const [batch] =
      project({ batches: [{ id: "1", name: {}, total_jobs: "12", annotations: 3e9, is_default: "yes" }] }).batches
    deepStrictEqual([batch?.name, batch?.totalJobs, batch?.annotations, batch?.isDefault], [null, 12, 3e9, null])
  })

  it("is the same after it was written and read", () => {
    const job = { id: "a", reference_id: "r", status: "s", frames: 1, annotations: 2, tag: null, priority_weight: 5 }
    deepStrictEqual(Schema.encodeSync(JobSummary)(Schema.decodeSync(JobSummary)(job)), job)
  })

  it("needs an id and a status, and nothing else", () => {
    assert(Result.isSuccess(Schema.decodeResult(JobSummary)({ id: "a", status: "" })))
    assert(Result.isSuccess(Schema.decodeResult(JobResult)({ status: "" })))
    for (
      const job of [{ id: "a" }, { status: "s" }, { id: "", status: "s" }, { id: 1, status: "s" }, {
        id: "\ud800",
        status: "s"
      }]
    ) {
      assert(Result.isFailure(Schema.decodeUnknownResult(JobSummary)(job)))
    }
    assertFailure(Result.mapError(Schema.decodeUnknownResult(ProjectDetails)({ name: "x" }), () => "no"), "no")
  })
})
