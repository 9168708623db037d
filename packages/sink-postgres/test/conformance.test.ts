import { SinkConformance } from "@labelstream/sink-testkit"
import { join } from "node:path"
import { describe, inject, it } from "vitest"
import { scale } from "../../../scripts/testScale.ts"

/** In the full matrix alone: D02 and `PostgresSink.test.ts` break off commits too, and W07 bounds memory. */
const slow = new Set<string>(scale(["C01", "P03"], []))

// On CI a server that cannot be started fails the run: see scripts/testPostgres.ts.
if (inject("postgres") === null) {
  describe("postgres sink conformance", () => it.skip("no PostgreSQL can be started", () => {}))
} else {
  // It connects to the server as soon as it is loaded.
  const { damages, make, outage, readBack } = await import("./support/subject.ts")
  SinkConformance.suite("postgres", {
    make,
    readBack,
    damages,
    outage,
    nul: "\ufffd",
    location: "elsewhere",
    sequences: scale(8, 100),
    module: {
      url: join(inject("programs of sink-postgres"), "subject.js"),
      programs: inject("programs of sink-postgres")
    },
    waive: { W08: "the numbers of jsonb have no -0; the document keeps it" }
  }, SinkConformance.rules.filter(({ id }) => !slow.has(id)))
}
