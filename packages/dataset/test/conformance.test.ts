import { SinkConformance } from "@labelstream/sink-testkit"
import { join } from "node:path"
import { inject } from "vitest"
import { scale } from "../../../scripts/testScale.ts"
import { damages, make, published, readBack } from "./support/subject.ts"

/** In the full matrix alone: `killed.test.ts` dies, and `faults.test.ts` fails, at the same operations in one process. */
const slow = new Set<string>(scale(["A10", "C01", "C03", "C04", "F03"], []))

SinkConformance.suite("a dataset", {
  make,
  damages,
  location: "files",
  content: "dataset",
  published,
  readBack,
  waive: { W07: "the shapes of a sample are one array: a job with one image is held as a whole" },
  entries: ["annotations/instances_train.json"],
  sequences: scale(15, 40),
  module: { url: join(inject("programs of dataset"), "subject.js"), programs: inject("programs of dataset") }
}, SinkConformance.rules.filter(({ id }) => !slow.has(id)))
