import { SinkConformance } from "@labelstream/sink-testkit"
import { join } from "node:path"
import { inject } from "vitest"
import { scale } from "../../../scripts/testScale.ts"
import { damages, make, readBack } from "./support/subject.ts"

/** In the full matrix alone: `crash.test.ts` kills this sink too, `faults.test.ts` fills its disk, and W07 bounds memory. */
const slow = new Set<string>(scale(["C01", "C03", "F03", "P03"], []))

SinkConformance.suite("sqlite", {
  make,
  readBack,
  damages,
  location: "files",
  io: "native",
  sequences: scale(15, 40),
  module: { url: join(inject("programs of sink-sqlite"), "subject.js"), programs: inject("programs of sink-sqlite") },
  waive: { W08: "SQLite stores whole values of REAL columns as integers, which have no -0; the document keeps it" }
}, SinkConformance.rules.filter(({ id }) => !slow.has(id)))
