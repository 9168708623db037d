import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inject } from "vitest"
import { isFull, scale } from "../../../scripts/testScale.ts"
import { SinkConformance } from "../src/index.ts"
import { publishingSubject } from "./support/publishingSink.ts"

const programs = inject("programs of sink-testkit")
const { module, ...subject } = publishingSubject("makeFolder", programs)

// Real sinks keep the rules that run other processes: those are tried on this one in the full matrix.
SinkConformance.suite("publishing", isFull && module !== undefined ? { ...subject, module } : subject)

describe("a sink that publishes at the end", () => {
  // A folder is the harder one of the two.
  for (const name of scale(["makeFolder"] as const, ["makeFile", "makeFolder"] as const)) {
    it.live(
      `publishes once, whenever it is killed: ${name === "makeFile" ? "one file" : "a folder with an entry file"}`,
      () =>
        Effect.gen(function*() {
          const A10 = SinkConformance.rules.filter(({ id }) => id === "A10")
          const [outcome] = yield* SinkConformance.check(publishingSubject(name, programs), A10)
          assert.strictEqual(outcome?._tag, "Kept", outcome?._tag === "Broken" ? outcome.violation.message : "")
        }),
      300_000
    )
  }
})
