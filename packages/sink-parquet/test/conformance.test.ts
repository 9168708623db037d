import { SinkConformance } from "@labelstream/sink-testkit"
import { join } from "node:path"
import { inject } from "vitest"
import { scale } from "../../../scripts/testScale.ts"
import { make, manifest, readBack } from "./support/subject.ts"

/**
 * In the full matrix alone: `crash.test.ts`, `faults.test.ts`, and `writers.test.ts` die or fail at the same operations in
 * one process, W07 bounds memory, and the files sink cuts the power (C07) and kills writers (M01, M03) over the same journal.
 */
const slow = new Set<string>(scale(["C01", "C03", "C04", "C07", "F03", "M01", "M03", "M04", "P03"], []))

SinkConformance.suite("parquet", {
  make,
  readBack,
  manifest,
  location: "files",
  sequences: scale(8, 40),
  module: { url: join(inject("programs of sink-parquet"), "subject.js"), programs: inject("programs of sink-parquet") },
  waive: {
    A02:
      "the files of a commit appear one after the other, within milliseconds: a query over several of them just then can " +
      "find annotations whose job is not there yet; one file never shows a part of a job, nor two revisions of it"
  }
}, SinkConformance.rules.filter(({ id }) => !slow.has(id)))
