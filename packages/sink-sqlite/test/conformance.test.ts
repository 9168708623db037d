import { SinkConformance } from "@labelstream/sink-testkit"
import { join } from "node:path"
import { inject } from "vitest"
import { damages, make, readBack } from "./support/subject.ts"

SinkConformance.suite("sqlite", {
  make,
  readBack,
  damages,
  location: "files",
  io: "native",
  module: { url: join(inject("programs"), "subject.js"), programs: inject("programs") },
  waive: { W08: "SQLite stores whole values of REAL columns as integers, which have no -0; the document keeps it" }
})
