import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { readJob } from "../../src/internal/listedJob.ts"
import { JobSummary } from "../../src/Job.ts"

const bySchema = Schema.decodeUnknownResult(JobSummary)

/** What came of reading: the job, or what was said against it. */
const said = (read: Result.Result<JobSummary, Schema.SchemaError>) =>
  Result.isSuccess(read) ? read.success : read.failure.message

/** Mostly what the platform sends, sometimes something else; what is undefined is absent in JSON. */
const Text = Schema.Union([Schema.String, Schema.NullOr(Schema.String), Schema.Undefined, Schema.Json])
const Count = Schema.Union([Schema.Finite, Schema.NullOr(Schema.Int), Schema.Undefined, Schema.Json])
const Item = Schema.Struct({
  id: Text,
  reference_id: Text,
  referenceId: Schema.Union([Schema.Undefined, Schema.Json]),
  status: Text,
  frames: Count,
  annotations: Count,
  tag: Text,
  priority_weight: Count,
  unheard_of: Schema.Union([Schema.Undefined, Schema.Json])
})

describe("a listed job", () => {
  it.prop("is read as its schema reads it, or refused in the same words, whatever comes", [
    Schema.Union([Item, Schema.Json])
  ], ([made]) => {
    const item = JSON.parse(JSON.stringify(made)) as unknown
    assert.deepStrictEqual(said(readJob(item)), said(bySchema(item)))
  }, { arbitrary: { runs: 2000 } })

  it("is read so too where any one field is absent, null, or of another type", () => {
    const plain = {
      id: "a",
      reference_id: "r",
      status: "completed",
      frames: 1,
      annotations: -0,
      tag: "t",
      priority_weight: 5
    }
    // What is no number can come from a number that is too large: JSON.parse makes 1e999 infinite.
    const others = [null, "", "x", 0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, true, [], {}, ["a"]]
    for (const name of Object.keys(plain)) {
      const { [name as keyof typeof plain]: _, ...without } = plain
      for (const item of [plain, without, ...others.map((value) => ({ ...plain, [name]: value }))]) {
        assert.deepStrictEqual(said(readJob(item)), said(bySchema(item)), JSON.stringify(item))
      }
    }
  })
})
