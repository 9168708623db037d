import { assert, describe, it } from "@effect/vitest"
import { GtStudio } from "@labelstream/core"
import * as Effect from "effect/Effect"
import { batchesOf } from "../../src/internal/platform.ts"
import type { Settings } from "../../src/internal/settings/settings.ts"

const batches: Readonly<Record<string, ReadonlyArray<string>>> = { one: ["a", "b"], none: [], two: ["a"] }

const platform = {
  project: (projectId: string) => Effect.succeed({ batches: batches[projectId]!.map((id) => ({ id })) })
} as unknown as typeof GtStudio.GtStudio.Service

const found = (...projects: ReadonlyArray<string>) =>
  batchesOf({ projects, allBatches: true } as unknown as Settings).pipe(
    Effect.provideService(GtStudio.GtStudio, platform)
  )

describe("all batches", () => {
  it.effect("are those of every project, whose ids may be the same", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* found("one", "none", "two"), [
        { projectId: "one", batchId: "a" },
        { projectId: "one", batchId: "b" },
        { projectId: "two", batchId: "a" }
      ])
    }))

  it.effect("are an error if no project has any, or none is named", () =>
    Effect.gen(function*() {
      assert.match((yield* Effect.flip(found("none"))).message, /Project none has no batches/)
      assert.match((yield* Effect.flip(found())).message, /No project is named/)
    }))
})
