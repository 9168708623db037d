/**
 * YOLO as one file: `dataset.ndjson`, whose first line describes the dataset and each other line an image. Readers download
 * an image from its `url` if its file is missing.
 */
import * as Effect from "effect/Effect"
import * as DatasetFormat from "../DatasetFormat.ts"
import { textOf } from "../internal/text.ts"
import * as Keypoints from "../Keypoints.ts"
import type { Sample } from "../Sample.ts"
import * as Yolo from "./shared/yoloRows.ts"

const keys = { detect: "boxes", segment: "segments", pose: "pose", obb: "obb" } as const

/** The format. */
export const format = DatasetFormat.make({
  name: "yolo-ndjson",
  fields: Yolo.fields,
  variants: Yolo.variants,
  splits: Yolo.splits,
  kind: "image",
  needs: { sizes: false, masks: false },
  holds: { attributes: false, tracks: false },
  carries: Yolo.carries,
  write: Effect.fnUntraced(function*(samples, classes, out, { keypoints, task = "detect" }) {
    const layout = yield* Keypoints.layoutOf(samples.all, task === "pose" ? keypoints : [])
    const head = JSON.stringify({
      type: "dataset",
      task,
      class_names: Object.fromEntries(classes.names.map((name, index) => [index, name])),
      ...task === "pose" ? { kpt_shape: [layout.names.length, 3] } : {}
    })
    const line = (sample: Sample) => {
      const { file, height, split, url, width } = sample
      const image = {
        type: "image",
        file,
        ...url === null ? {} : { url },
        ...width === null || height === null ? {} : { width, height },
        split,
        annotations: { [keys[task]]: Yolo.rows(sample, classes, task, layout) }
      }
      return Effect.as(out.media(sample, `images/${split}/${file}`), `${JSON.stringify(image)}\n`)
    }
    yield* out.file("dataset.ndjson", textOf(`${head}\n`, [samples.all, line]), { entry: true })
    if (!samples.splits.includes("val")) yield* out.note("there is no split val: readers choose one by themselves")
  })
})
