import { SinkConformance } from "@labelstream/sink-testkit"
import { join } from "node:path"
import { inject } from "vitest"
import { scale } from "../../../scripts/testScale.ts"
import { make, manifest, readBack } from "./support/subject.ts"

/**
 * In the full matrix alone: `crash.test.ts`, `faults.test.ts`, and `writers.test.ts` die or fail at the same operations in
 * one process, and W07 bounds memory.
 */
const slow = new Set<string>(scale(["C01", "C03", "C04", "F03", "M04", "P03"], []))

SinkConformance.suite("files", {
  make,
  readBack,
  manifest,
  location: "files",
  sequences: scale(15, 40),
  module: { url: join(inject("programs of sink-files"), "subject.js"), programs: inject("programs of sink-files") },
  waive: {
    A02:
      "the lines of a batch are appended with one write, which a reader at the same instant can see a page at a time; " +
      "each line by itself is whole and true"
  }
}, SinkConformance.rules.filter(({ id }) => !slow.has(id)))
