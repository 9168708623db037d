import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { nestedName } from "../src/internal/nestedName.ts"
import { record } from "./support/records.ts"

const nameOf = (url: string, frameId: string | null = null) =>
  nestedName(record({ job: "a", nested: [{ text: "", url, frameId }] }).attachments[0]!)

describe("nestedName", () => {
  it("says index, role, frame and kind of file", () => {
    assert.strictEqual(nameOf("https://x.example/mask.PNG?x=1", "Frame 7"), "0000-mask-frame_7.png")
    assert.strictEqual(nameOf("https://x.example/cloud.pcd"), "0000-mask.pcd")
  })

  it("takes the kind from the media type where the URL has none that is known", () => {
    for (const url of ["https://x.example/mask", "https://x.example/a.exe", "no url", ""]) {
      assert.strictEqual(nameOf(url), "0000-mask.png")
    }
  })

  it.prop(
    "is one harmless segment, whatever a result says",
    [Schema.String, Schema.String],
    ([url, frame]) => /^[a-z0-9_-]{1,120}\.[a-z0-9]{2,8}$/.test(nameOf(url, frame)),
    { arbitrary: { runs: 300 } }
  )
})
