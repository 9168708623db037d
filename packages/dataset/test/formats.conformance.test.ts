import { describe, it } from "@effect/vitest"
import type * as Schema from "effect/Schema"
import { scale } from "../../../scripts/testScale.ts"
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

/** Registers a test for each rule. A variant is named by its options. */
const suite = <Fields extends Schema.Struct.Fields>(subject: FormatKit.Subject<Fields>) => {
  const name = [subject.format.name, ...Object.values(subject.options)].join(" ")
  describe(`${name} format conformance`, () => {
    for (const { check, id, title } of FormatKit.rules({ ...subject, samples: scale([110, 220], [1000, 50_000]) })) {
      it.effect(`${id} ${title}`, () => check, 600_000)
    }
  })
}

suite({ format: Coco.format, options: {}, read: readCocoOf("instances") })
suite({ format: Coco.format, options: { task: "keypoints" }, read: readCocoOf("person_keypoints") })
suite({ format: Coco.format, options: { task: "panoptic" }, read: readPanoptic })
suite({ format: Cvat.format, options: {}, read: readCvat })
suite({ format: Datumaro.format, options: {}, read: readDatumaro })
suite({ format: HuggingFace.format, options: {}, read: readImageFolder })
suite({ format: HuggingFace.format, options: { layout: "parquet" }, read: readParquet })
suite({ format: Kitti.format, options: {}, read: readKittiObjects })
suite({ format: Kitti.format, options: { task: "tracking" }, read: readKittiTracks })
suite({ format: LabelMe.format, options: {}, read: readLabelMe })
suite({ format: LabelStudio.format, options: {}, read: readLabelStudio })
suite({ format: Masks.format, options: {}, read: readMasks, merges: true })
suite({ format: Mot.format, options: {}, read: readMot })
suite({ format: SemanticKitti.format, options: {}, read: readSemanticKitti })
suite({ format: Voc.format, options: {}, read: readVoc })
suite({ format: Voc.format, options: { coordinates: "exact" }, read: readVoc })
suite({ format: WebDataset.format, options: {}, read: readWebDataset })
for (const task of ["detect", "segment", "pose", "obb"] as const) {
  suite({ format: Yolo.format, options: { task }, read: readYolo })
  suite({ format: YoloNdjson.format, options: { task }, read: readYoloNdjson })
}
