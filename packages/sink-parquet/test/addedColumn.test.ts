import { assert, describe, it } from "@effect/vitest"
import { AnnotationModel, Table } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { query } from "./support/readers.ts"
import { record, row } from "./support/records.ts"
import { inspected, run, temporary } from "./support/targets.ts"

/** The model's own column list, to which the column is added while the scope is open. */
const columns = AnnotationModel.tables.annotations.columns as Array<Table.Column>
const gained = Effect.acquireRelease(
  Effect.sync(() => columns.push({ ...Table.nullable(Table.double("how much it counts")), name: "weight" })),
  () => Effect.sync(() => columns.pop())
)

const weighed = record({ job: "a", rows: [{ ...row("batch-1", "a", 0), weight: 0.5 } as object] })
const values = "SELECT job_id, weight FROM {annotations} ORDER BY job_id"

describe("a column that the model gains", () => {
  it.effect("is in a new dataset, with its values", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* gained
      yield* run({ directory }, [[weighed, record({ job: "b", rows: 1 })]])
      assert.deepStrictEqual(yield* query(directory, values), [["a", 0.5], ["b", null]])
    }))

  it.effect("is given to a part that lacks it when the part is written again", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory }, [[record({ job: "b", rows: 1 })]])
      yield* gained
      yield* run({ directory }, [[weighed]])
      assert.deepStrictEqual(yield* query(directory, values), [["a", 0.5], ["b", null]])
      assert.isTrue((yield* inspected(directory)).every(({ _tag }) => _tag === "Intact"))
    }))
})
