// Makes a dataset that YOLO can train on, with images, from 40 simulated jobs. A fifth of the jobs is for validation. With
// jobs of your own: `labelstream export --attachments all --to yolo:DIR`.
import { DatasetSink, Yolo } from "@labelstream/dataset"
import { exportSimulated } from "./support/simulated.ts"

const directory = "demo/yolo"

await exportSimulated({
  batch: { id: "simulated-images", jobs: 40, kinds: ["image_annotation"] },
  sink: DatasetSink.make(Yolo.format, { directory, split: { train: 0.8, val: 0.2 } }),
  to: `yolo:${directory}`,
  again: "npm run example export-to-yolo",
  attachments: "all",
  next: () =>
    `Train: pip install ultralytics && yolo detect train data=${directory}/data.yaml model=yolo11n.pt epochs=50
${directory}/loss.json counts what YOLO cannot hold.`
})
