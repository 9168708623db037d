import { SinkConformance } from "@labelstream/sink-testkit"
import { join } from "node:path"
import { inject } from "vitest"
import { damages, make } from "./support/subject.ts"

SinkConformance.suite("a dataset", {
  make,
  damages,
  location: "files",
  content: "rows",
  module: { url: join(inject("programs"), "subject.js"), programs: inject("programs") }
})
