// Exports 400 jobs from a simulated GT Studio to the folder `demo`, as `labelstream export --to files:demo` does, so that
// `npm run labelstream -- status` and `verify` find these jobs.
import { FilesSink } from "@labelstream/sink-files"
import { exportSimulated } from "./support/simulated.ts"

await exportSimulated({
  batch: {
    id: "simulated-batch",
    jobs: 400,
    kinds: ["image_annotation", "image_segmentation", "video_annotation", "point_cloud_segmentation"],
    unfinished: 0.05
  },
  sink: FilesSink.make({ directory: "demo" }),
  to: "files:demo",
  again: "npm start"
})
