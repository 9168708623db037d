// COCO instances with images, boxes, polygons, and masks as run lengths.
import { Coco, DatasetSink } from "@labelstream/dataset"
import { join } from "node:path"
import { exportMain } from "./support/exportMain.ts"

const directoryIn = (output: string) => join(output, "coco")

await exportMain(
  (output) => [DatasetSink.make(Coco.format, { directory: directoryIn(output), split: { train: 0.8, val: 0.2 } })],
  (output) =>
    Promise.resolve(`Next: pip install pycocotools, then in Python
  from pycocotools.coco import COCO
  coco = COCO("${join(directoryIn(output), "annotations", "instances_train.json")}")
  mask = coco.annToMask(coco.loadAnns(coco.getAnnIds())[0])
What was approximated or dropped is counted in ${join(directoryIn(output), "loss.json")}.`),
  { attachments: "all" }
)
