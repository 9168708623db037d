import { assert, describe, it } from "@effect/vitest"
import { FormatKit } from "@labelstream/dataset/testing"
import * as Effect from "effect/Effect"
import { format } from "../src/index.ts"
import { read } from "./read.ts"

describe("the format shelf", () => {
  for (const corners of [true, false]) {
    it.effect(`keeps every rule of the format kit, with corners ${corners}`, () =>
      Effect.map(FormatKit.check({ format, options: { corners }, read }), (outcomes) => {
        assert.deepStrictEqual(outcomes.filter(({ violation }) => violation !== undefined), [])
      }))
  }
})
