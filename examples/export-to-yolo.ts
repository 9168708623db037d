// A dataset that YOLO can train on, with images: `data.yaml`, `images/` and `labels/`, a fifth of the jobs for validation.
import { DatasetSink, Yolo } from "@labelstream/dataset"
import { join } from "node:path"
import { exportMain } from "./support/exportMain.ts"

const directoryIn = (output: string) => join(output, "yolo")

await exportMain(
  (output) => [DatasetSink.make(Yolo.format, { directory: directoryIn(output), split: { train: 0.8, val: 0.2 } })],
  (output) =>
    Promise.resolve(`Next: pip install ultralytics, then
  yolo detect train data=${join(directoryIn(output), "data.yaml")} model=yolo11n.pt epochs=50
What was approximated or dropped is counted in ${join(directoryIn(output), "loss.json")}.`),
  { attachments: "all" }
)
