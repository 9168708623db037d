import { assert, describe, it } from "@effect/vitest"
import { SinkPlugin } from "@labelstream/core"
import * as Schema from "effect/Schema"
import { Coco, DatasetFormat, Masks, Yolo, YoloNdjson } from "../src/index.ts"

const options = DatasetFormat.optionsOf(Yolo.format)
const decode = Schema.decodeUnknownResult(options)

const problem = (value: object) => {
  const result = decode({ directory: "data", ...value }, { onExcessProperty: "error" })
  return result._tag === "Failure" ? result.failure.message : undefined
}

describe("the options of a dataset", () => {
  it("need only a directory", () => {
    assert.strictEqual(problem({}), undefined)
    assert.strictEqual(SinkPlugin.targetOf({ options }), "directory")
    assert.match(String(problem({ directory: "s3://bucket" })), /no URL/)
  })

  it("take shares that sum to 1, or a table", () => {
    assert.strictEqual(problem({ split: { train: 0.7, val: 0.2, test: 0.1 } }), undefined)
    assert.strictEqual(problem({ split: "splits.csv" }), undefined)
    for (const split of [{ train: 0.5 }, { train: 1.5, val: -0.5 }, { "../x": 1 }, { 1: 1 }, {}, "splits.txt"]) {
      assert.isDefined(problem({ split }), JSON.stringify(split))
    }
  })

  it("take classes as a list or a map, and names as a source or a table", () => {
    assert.strictEqual(problem({ classes: ["a"], names: "reference" }), undefined)
    assert.strictEqual(problem({ classes: { Car: "car", sky: null }, names: "names.csv" }), undefined)
    assert.isDefined(problem({ classes: [""] }))
    assert.isDefined(problem({ names: "something" }))
  })

  it("say what they are and their default", () => {
    for (const { fields } of [Yolo.format, YoloNdjson.format, Coco.format, Masks.format]) {
      const format = DatasetFormat.optionsOf({ ...Yolo.format, fields } as typeof Yolo.format)
      for (const { description, isRequired, name } of SinkPlugin.optionsOf({ options: format })) {
        assert.match(description, isRequired ? /./ : /default/i, name)
      }
    }
  })
})
