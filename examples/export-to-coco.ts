// Makes a COCO dataset, with images, boxes, and polygons, from 40 simulated jobs. A fifth of the jobs is for validation. With
// jobs of your own: `labelstream export --attachments all --to coco:DIR`.
import { Coco, DatasetSink } from "@labelstream/dataset"
import { exportSimulated } from "./support/simulated.ts"

const directory = "demo/coco"

await exportSimulated({
  batch: { id: "simulated-images", jobs: 40, kinds: ["image_annotation"] },
  sink: DatasetSink.make(Coco.format, { directory, split: { train: 0.8, val: 0.2 } }),
  to: `coco:${directory}`,
  again: "npm run example export-to-coco",
  attachments: "all",
  next: () =>
    `Load: pip install pycocotools, then in Python
  from pycocotools.coco import COCO
  coco = COCO("${directory}/annotations/instances_train.json")
  mask = coco.annToMask(coco.loadAnns(coco.getAnnIds())[0])
${directory}/loss.json counts what COCO cannot hold.`
})
