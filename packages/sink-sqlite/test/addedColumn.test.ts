import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterAll, vi } from "vitest"
import { record, row } from "./support/records.ts"
import { inspected, query, run, temporaryFile, using } from "./support/targets.ts"

// Files share their modules: this one loads its own, and leaves none of them to the next.
vi.hoisted(() => vi.resetModules())

afterAll(() => {
  vi.doUnmock(import("@labelstream/core/sink"))
  vi.resetModules()
})

vi.mock(import("@labelstream/core/sink"), async (original) => {
  const core = await original()
  const { annotations } = core.AnnotationModel.tables
  const weight = { ...core.Table.nullable(core.Table.double("how much it counts")), name: "weight" as never }
  const extended = { ...annotations, columns: [...annotations.columns, weight] }
  const tables = { ...core.AnnotationModel.tables, annotations: extended }
  return { ...core, AnnotationModel: { ...core.AnnotationModel, tables } }
})

const weighed = { ...row({}), weight: 0.5 }
const values = "SELECT job_id, weight FROM annotations ORDER BY job_id"

describe("a column that the model gains", () => {
  it.effect("is in a new file, with its type, its words and its values", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* run({ file }, [[record({ job: "a", rows: [weighed] }), record({ job: "b" })]])
      assert.deepStrictEqual(query(file, values), [["a", 0.5], ["b", null]])
      const [[sql]] = query(file, "SELECT sql FROM sqlite_schema WHERE name = 'annotations'") as [[string]]
      assert.include(sql, "\n  weight REAL, -- how much it counts\n")
    }))

  it.effect("is given to a file that lacks it, whose rows have null there", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* run({ file }, [[record({ job: "b" })]])
      using(file, (db) => db.exec("ALTER TABLE annotations DROP COLUMN weight"))
      assert.deepStrictEqual((yield* inspected(file)).map(({ _tag }) => _tag), ["Intact"])
      yield* run({ file }, [[record({ job: "a", rows: [weighed] })]])
      assert.deepStrictEqual(query(file, values), [["a", 0.5], ["b", null]])
      assert.deepStrictEqual(query(file, values.replace("annotations", "annotations_with_media")), [["a", 0.5], [
        "b",
        null
      ]])
      assert.isTrue((yield* inspected(file)).every(({ _tag }) => _tag === "Intact"))
    }))
})
