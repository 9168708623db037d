import { describe, it } from "@effect/vitest"
import { FormatKit } from "@labelstream/dataset/testing"
import { format } from "../src/index.ts"
import { read } from "./read.ts"

describe.each([true, false])("shelf with corners %s format conformance", (corners) => {
  for (const { check, id, title } of FormatKit.rules({ format, options: { corners }, read })) {
    it.effect(`${id} ${title}`, () => check)
  }
})
