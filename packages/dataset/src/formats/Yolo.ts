/**
 * YOLO as folders: `data.yaml`, `images/<split>/NAME.jpg`, and `labels/<split>/NAME.txt` with a row for each object. An
 * image without objects has an empty label file. Rows need no image sizes.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Classes } from "../Classes.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import * as Keypoints from "../Keypoints.ts"
import { quoted } from "./shared/yaml.ts"
import * as Yolo from "./shared/yoloRows.ts"

/** `data.yaml`: no `path`, so that readers take its own folder. */
const dataFile = (splits: ReadonlyArray<string>, { names }: Classes, keypoints: number | null): string => {
  const [first = "train"] = splits
  const folder = (split: string) => `${split}: images/${splits.includes(split) ? split : first}\n`
  return [
    folder("train"),
    folder("val"),
    splits.includes("test") ? folder("test") : "",
    keypoints === null ? "" : `kpt_shape: [${keypoints}, 3]\n`,
    names.length === 0 ? "names: {}\n" : "names:\n",
    ...names.map((name, index) => `  ${index}: ${quoted(name)}\n`)
  ].join("")
}

/** The format. */
export const format = DatasetFormat.make({
  name: "yolo",
  fields: Yolo.fields,
  variants: Yolo.variants,
  splits: Yolo.splits,
  kind: "image",
  needs: { sizes: false, masks: false },
  holds: { attributes: false, tracks: false },
  carries: Yolo.carries,
  write: Effect.fnUntraced(function*(samples, classes, out, { keypoints, task = "detect" }) {
    const layout = yield* Keypoints.layoutOf(samples.all, task === "pose" ? keypoints : [])
    yield* Stream.runForEach(samples.all, (sample) => {
      const { file, name, split } = sample
      const text = Yolo.rows(sample, classes, task, layout).map((row) => `${row.join(" ")}\n`).join("")
      return Effect.andThen(
        out.file(`labels/${split}/${name}.txt`, text),
        out.media(sample, `images/${split}/${file}`)
      )
    })
    const [first = "train"] = samples.splits
    for (const split of ["train", "val"]) {
      if (!samples.splits.includes(split)) {
        yield* out.note(`data.yaml names images/${first} as ${split}: there is no split ${split}`)
      }
    }
    const count = task === "pose" ? layout.names.length : null
    yield* out.file("data.yaml", dataFile(samples.splits, classes, count), { entry: true })
  })
})
