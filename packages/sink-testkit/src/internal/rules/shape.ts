/** S: documents change their shape, and lose nothing. */
import * as Effect from "effect/Effect"
import { type Needs, type Rule, rule } from "../../Rule.ts"
import { rectangles, unknownShapes } from "../documents.ts"
import { jobs, type Sketch } from "../jobs.ts"
import { trial } from "../trial.ts"

/** Stores one batch after the other in one run, and reads all of them back. */
const shapeRule = (
  id: string,
  title: string,
  batches: ReadonlyArray<ReadonlyArray<Sketch>>,
  needs: Needs = { readBack: true }
): Rule =>
  rule(id, title, needs, (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const of = yield* Effect.forEach(batches, jobs)
      yield* at.run(of)
      yield* at.holds(of.flat(), "read back")
    }))

const bare = (job: string, more: object): Sketch => ({
  job,
  document: {
    data: { annotations: { rectangles: [{ coordinates: [{ x: 0.1, y: 0.2 }, { x: 0.3, y: 0.4 }], ...more }] } }
  }
})

export const shape: ReadonlyArray<Rule> = [
  shapeRule("S01", "keeps absent, null, and empty apart", [[
    bare("absent", { label: "a", attributes: { other: { value: 1 } } }),
    bare("null", { label: "a", _id: null, attributes: { name: null, other: { value: null } } }),
    bare("empty", { label: "", _id: "", track_id: "", attributes: { name: "", other: { value: "" } } }),
    bare("lists", { label: "a", attributes: { name: [], other: { value: [null, ""] } } })
  ]]),
  shapeRule("S02", "keeps a field that it has not seen before, in any batch", [
    [bare("first", { label: "a", attributes: { known: { value: "x" } } })],
    [bare("second", { label: "a", attributes: { known: { value: 1 }, added: { value: { deep: [true] } } }, extra: 1 })],
    [bare("third", { label: "a", attributes: { later: { value: "y" } }, track_id: "t", frame_id: "f" })]
  ]),
  shapeRule("S03", "survives a first batch whose optional columns are all null", [
    [{ job: "first", document: { data: { annotations: { rectangles: [] } } } }, { job: "second", document: {} }],
    [{
      job: "third",
      document: rectangles([{
        label: "car # 4",
        attributes: { a: { value: 1 } },
        more: { track_id: "t", frame_id: "f" }
      }])
    }, {
      job: "fourth",
      document: {
        annotation_data: {
          annotations: [{ _id: "v", label: "Road", color: "rgb(1, 2, 3)", frame_id: "0", label_key: 7 }]
        }
      }
    }]
  ]),
  shapeRule("S04", "returns documents of unknown shape unchanged, JSON or not", [unknownShapes], {
    readBack: true,
    documents: true
  })
]
