import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { readJob } from "../../../src/internal/client/listedJob.ts"
import { ExactNumber } from "../../../src/internal/document/exactJson.ts"
import { JobSummary } from "../../../src/Job.ts"

const bySchema = Schema.decodeUnknownResult(JobSummary)

/** What came of reading: the job, or what was said against it. Which fields could not be read is no part of the schema. */
const said = (read: Result.Result<JobSummary, Schema.SchemaError>) => {
  if (Result.isFailure(read)) return read.failure.message
  const { problems: _, ...job } = read.success
  return job
}

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

  it("is read leniently in its descriptive fields, and names the malformed ones", () => {
    const read = (fields: object) => Result.getOrThrow(readJob({ id: "a", status: "completed", ...fields }))
    const none = { referenceId: null, frames: null, annotations: null, tag: null, priorityWeight: null }
    const big = new ExactNumber("9007199254740993")
    assert.deepStrictEqual(read({ reference_id: big, tag: 7, frames: "1", annotations: " -2147483648 " }), {
      id: "a",
      status: "completed",
      priorityWeight: null,
      referenceId: "9007199254740993",
      tag: "7",
      frames: 1,
      annotations: -(2 ** 31)
    })
    const { problems, ...job } = read({
      reference_id: {},
      frames: 1.5,
      annotations: big,
      tag: [],
      priority_weight: 2 ** 31
    })
    assert.deepStrictEqual(job, { id: "a", status: "completed", ...none })
    assert.deepStrictEqual(problems?.map(({ path }) => path), [
      "reference_id",
      "frames",
      "annotations",
      "tag",
      "priority_weight"
    ])
    assert.deepStrictEqual(read({ tag: "x\ud800" }), {
      id: "a",
      status: "completed",
      ...none,
      tag: "x\ufffd",
      problems: [{ path: "tag", reason: "holds half a character, which became U+FFFD" }]
    })
  })

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
    const big = new ExactNumber("9007199254740993")
    const others = [null, "", "x", "7", "\ud800", 0, 1.5, 3e9, -(2 ** 31) - 1, big, true, [], {}, ["a"]]
    for (const name of Object.keys(plain)) {
      const { [name as keyof typeof plain]: _, ...without } = plain
      for (const item of [plain, without, ...others.map((value) => ({ ...plain, [name]: value }))]) {
        assert.deepStrictEqual(said(readJob(item)), said(bySchema(item)), JSON.stringify(item))
      }
    }
  })
})
