/**
 * COCO: `annotations/instances_<split>.json`, or the files of another task, and `images/<split>/NAME.jpg`. Instances are
 * boxes, polygons, and masks; keypoints are landmarks; panoptic is a PNG of segments for each image.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as DatasetFormat from "../DatasetFormat.ts"
import * as Keypoints from "../Keypoints.ts"
import * as CocoFile from "./coco/cocoFile.ts"
import * as Instances from "./coco/cocoInstances.ts"
import * as CocoKeypoints from "./coco/cocoKeypoints.ts"
import * as Panoptic from "./coco/cocoPanoptic.ts"
import { asKeypoints, carried } from "./shared/carried.ts"

const number = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))

const fields = {
  task: Schema.optionalKey(Schema.Literals(["instances", "keypoints", "panoptic"])).annotate({
    description: "What annotations are: instances (default, boxes, polygons and masks), keypoints (landmarks), or " +
      "panoptic (one PNG of segments for each image)."
  }),
  keypoints: Schema.optionalKey(Schema.Array(Schema.String)).annotate({
    description: "keypoints only: names in order, as the points' labels. Default: the labels found, or numbers from 1."
  }),
  skeleton: Schema.optionalKey(Schema.Array(Schema.Tuple([number, number]))).annotate({
    description:
      "keypoints only: lines between keypoints by their numbers from 1, such as [[1,2],[2,3]]. Default: none."
  })
}

/** The format. */
export const format = DatasetFormat.make({
  name: "coco",
  fields,
  variants: { "": {}, keypoints: { task: "keypoints" }, panoptic: { task: "panoptic" } },
  kind: "image",
  needs: { sizes: true, masks: true },
  holds: { attributes: true, tracks: true },
  carries: (shape, { keypoints, task = "instances" }) =>
    task === "keypoints"
      ? carried(shape, { landmark: asKeypoints(keypoints) })
      : carried(shape, task === "panoptic" ? Panoptic.table : Instances.table),
  write: Effect.fnUntraced(function*(samples, classes, out, { keypoints, skeleton = [], task = "instances" }) {
    const write = (name: string, categories: ReadonlyArray<string>, annotations: CocoFile.Annotations) =>
      Effect.forEach(
        samples.splits,
        (split) => CocoFile.write(out, `annotations/${name}_${split}.json`, samples.of(split), categories, annotations),
        { discard: true }
      )
    switch (task) {
      case "instances": {
        return yield* write("instances", CocoFile.categories(classes), Instances.annotations(classes))
      }
      case "keypoints": {
        const layout = yield* Keypoints.layoutOf(samples.all, keypoints)
        const problem = CocoKeypoints.problemOf(skeleton, layout)
        if (problem !== undefined) return yield* problem
        const categories = CocoFile.categories(classes, () => ({ keypoints: layout.names, skeleton }))
        return yield* write("person_keypoints", categories, CocoKeypoints.annotations(classes, layout))
      }
      case "panoptic": {
        const categories = yield* Panoptic.categories(classes, samples.all)
        return yield* write("panoptic", categories, Panoptic.annotations(classes, out))
      }
    }
  })
})
