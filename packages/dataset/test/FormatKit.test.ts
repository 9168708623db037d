import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  Coco,
  Cvat,
  Datumaro,
  HuggingFace,
  Kitti,
  LabelMe,
  LabelStudio,
  Masks,
  Mot,
  SemanticKitti,
  Voc,
  WebDataset,
  Yolo,
  YoloNdjson
} from "../src/index.ts"
import { FormatKit } from "../src/testing/index.ts"
import { readCocoOf, readPanoptic } from "./readers/readCoco.ts"
import { readCvat } from "./readers/readCvat.ts"
import { readDatumaro } from "./readers/readDatumaro.ts"
import { readImageFolder, readParquet } from "./readers/readHuggingFace.ts"
import { readKittiObjects, readKittiTracks } from "./readers/readKitti.ts"
import { readLabelMe } from "./readers/readLabelMe.ts"
import { readLabelStudio } from "./readers/readLabelStudio.ts"
import { readMasks } from "./readers/readMasks.ts"
import { readMot } from "./readers/readMot.ts"
import { readSemanticKitti } from "./readers/readSemanticKitti.ts"
import { readVoc } from "./readers/readVoc.ts"
import { readWebDataset } from "./readers/readWebDataset.ts"
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
    Effect.map(FormatKit.check({ format: Coco.format, options: {}, read: readCocoOf("instances") }), keepsAllRules))

  it.effect("by coco, keypoints", () => {
    const read = readCocoOf("person_keypoints")
    return Effect.map(FormatKit.check({ format: Coco.format, options: { task: "keypoints" }, read }), keepsAllRules)
  })

  it.effect("by coco, panoptic", () => {
    const options = { task: "panoptic" } as const
    return Effect.map(FormatKit.check({ format: Coco.format, options, read: readPanoptic }), keepsAllRules)
  })

  it.effect.each(["whole", "exact"] as const)(
    "by voc, coordinates %s",
    (coordinates) =>
      Effect.map(FormatKit.check({ format: Voc.format, options: { coordinates }, read: readVoc }), keepsAllRules)
  )

  it.effect("by mot", () =>
    Effect.map(FormatKit.check({ format: Mot.format, options: {}, read: readMot }), keepsAllRules))

  it.effect("by cvat", () =>
    Effect.map(FormatKit.check({ format: Cvat.format, options: {}, read: readCvat }), keepsAllRules))

  it.effect("by datumaro", () =>
    Effect.map(FormatKit.check({ format: Datumaro.format, options: {}, read: readDatumaro }), keepsAllRules))

  it.effect("by huggingface, imagefolder", () => {
    const read = readImageFolder
    return Effect.map(FormatKit.check({ format: HuggingFace.format, options: {}, read }), keepsAllRules)
  })

  it.effect("by huggingface, parquet", () => {
    const options = { layout: "parquet" } as const
    return Effect.map(FormatKit.check({ format: HuggingFace.format, options, read: readParquet }), keepsAllRules)
  })

  it.effect("by webdataset", () =>
    Effect.map(FormatKit.check({ format: WebDataset.format, options: {}, read: readWebDataset }), keepsAllRules))

  it.effect("by kitti, object", () =>
    Effect.map(FormatKit.check({ format: Kitti.format, options: {}, read: readKittiObjects }), keepsAllRules))

  it.effect("by kitti, tracking", () => {
    const options = { task: "tracking" } as const
    return Effect.map(FormatKit.check({ format: Kitti.format, options, read: readKittiTracks }), keepsAllRules)
  })

  it.effect("by labelme", () =>
    Effect.map(FormatKit.check({ format: LabelMe.format, options: {}, read: readLabelMe }), keepsAllRules))

  it.effect("by labelstudio", () =>
    Effect.map(FormatKit.check({ format: LabelStudio.format, options: {}, read: readLabelStudio }), keepsAllRules))

  it.effect("by semantickitti", () =>
    Effect.map(FormatKit.check({ format: SemanticKitti.format, options: {}, read: readSemanticKitti }), keepsAllRules))

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
