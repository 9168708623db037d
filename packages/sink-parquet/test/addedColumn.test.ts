import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { vi } from "vitest"
import { query } from "./support/readers.ts"
import { record, row } from "./support/records.ts"
import { inspected, run, temporary } from "./support/targets.ts"

const model = vi.hoisted(() => ({ hasWeight: true }))

vi.mock(import("@labelstream/core/sink"), async (original) => {
  const core = await original()
  const { annotations } = core.AnnotationModel.tables
  const weight = { ...core.Table.nullable(core.Table.double("how much it counts")), name: "weight" as never }
  const extended = {
    ...annotations,
    get columns() {
      return model.hasWeight ? [...annotations.columns, weight] : annotations.columns
    }
  }
  const tables = { ...core.AnnotationModel.tables, annotations: extended }
  return { ...core, AnnotationModel: { ...core.AnnotationModel, tables } }
})

const weighed = record({ job: "a", rows: [{ ...row("batch-1", "a", 0), weight: 0.5 } as object] })
const values = "SELECT job_id, weight FROM {annotations} ORDER BY job_id"

describe("a column that the model gains", () => {
  it.effect("is in a new dataset, with its values", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      model.hasWeight = true
      yield* run({ directory }, [[weighed, record({ job: "b", rows: 1 })]])
      assert.deepStrictEqual(yield* query(directory, values), [["a", 0.5], ["b", null]])
    }))

  it.effect("is given to a part that lacks it when the part is written again", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      model.hasWeight = false
      yield* run({ directory }, [[record({ job: "b", rows: 1 })]])
      model.hasWeight = true
      yield* run({ directory }, [[weighed]])
      assert.deepStrictEqual(yield* query(directory, values), [["a", 0.5], ["b", null]])
      assert.isTrue((yield* inspected(directory)).every(({ _tag }) => _tag === "Intact"))
    }))
})
