import { SinkConformance } from "@labelstream/sink-testkit"
import { make, readBack } from "./subject.ts"

SinkConformance.suite("shelf", {
  make,
  readBack,
  location: "files",
  module: { url: new URL("./subject.ts", import.meta.url) },
  waive: {
    L03: "has no check of its own",
    W07: "holds the contents of one job in memory"
  }
})
