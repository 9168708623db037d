import { SinkConformance } from "@labelstream/sink-testkit"
import { join } from "node:path"
import { inject } from "vitest"
import { make, manifest, readBack } from "./support/subject.ts"

SinkConformance.suite("parquet", {
  make,
  readBack,
  manifest,
  location: "files",
  module: { url: join(inject("programs"), "subject.js"), programs: inject("programs") },
  waive: {
    A02:
      "the files of a commit appear one after the other, within milliseconds: a query over several of them just then can " +
      "find annotations whose job is not there yet; one file never shows a part of a job, nor two revisions of it"
  }
})
