import { SinkConformance } from "@labelstream/sink-testkit"
import { damages, make, readBack } from "./support/subject.ts"

SinkConformance.suite("sqlite", {
  make,
  readBack,
  damages,
  keeps: "files",
  writes: "native",
  module: { url: new URL("./support/subject.ts", import.meta.url) },
  waive: { W08: "SQLite stores whole values of REAL columns as integers, which have no -0; the document keeps it" }
})
