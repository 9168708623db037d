import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Coco, Masks, Yolo, YoloNdjson } from "../src/index.ts"
import { FormatKit } from "../src/testing/index.ts"
import { readCoco } from "./readers/readCoco.ts"
import { readMasks } from "./readers/readMasks.ts"
import { readYolo } from "./readers/readYolo.ts"
import { readYoloNdjson } from "./readers/readYoloNdjson.ts"
import { type Fault, linesFormat, readLines } from "./support/linesFormat.ts"

const tasks = ["detect", "segment", "pose", "obb"] as const

const keepsAllRules = (outcomes: ReadonlyArray<FormatKit.Outcome>) =>
  assert.deepStrictEqual(outcomes.filter(({ violation }) => violation !== undefined), [])

describe("every rule of the format kit is kept", () => {
  it.effect.each(tasks)(
    "by yolo, %s",
    (task) => Effect.map(FormatKit.check({ format: Yolo.format, options: { task }, read: readYolo }), keepsAllRules)
  )

  it.effect.each(tasks)(
    "by yolo-ndjson, %s",
    (task) =>
      Effect.map(FormatKit.check({ format: YoloNdjson.format, options: { task }, read: readYoloNdjson }), keepsAllRules)
  )

  it.effect("by coco", () =>
    Effect.map(FormatKit.check({ format: Coco.format, options: {}, read: readCoco }), keepsAllRules))

  it.effect("by masks", () =>
    Effect.map(FormatKit.check({ format: Masks.format, options: {}, read: readMasks, merges: true }), keepsAllRules))
})

const caught: ReadonlyArray<readonly [rule: string, fault: Fault, found: RegExp]> = [
  ["F01", "differs", /build.txt differs/],
  ["F02", "forgetsEmpty", /samples read back/],
  ["F03", "renumbers", /classes/],
  ["F04", "losesSilently", /annotations by class/],
  ["F05", "namesByReference", /is no safe path|was written before/],
  ["F06", "swallowsSplits", /samples read back/]
]

describe("the format kit", () => {
  it("has a broken format for each rule", () => {
    assert.deepStrictEqual(caught.map(([rule]) => rule), [...FormatKit.titles.keys()])
  })

  it.effect("finds nothing wrong with the same format when it is sound", () =>
    Effect.map(FormatKit.check({ format: linesFormat("none"), options: {}, read: readLines }), keepsAllRules))

  for (const [rule, fault, found] of caught) {
    it.effect(`catches by ${rule} a format that ${fault}`, () =>
      Effect.map(FormatKit.check({ format: linesFormat(fault), options: {}, read: readLines }), (outcomes) => {
        assert.match(outcomes.find(({ id }) => id === rule)?.violation ?? "", found)
      }))
  }

  it.effect("takes a defect of a format for a violation", () => {
    const format = { ...linesFormat("none"), write: () => Effect.die(new Error("broken")) }
    return Effect.map(
      FormatKit.check({ format, options: {}, read: readLines }),
      ([first]) => assert.match(first?.violation ?? "", /broken/)
    )
  })
})
