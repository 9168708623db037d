import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { AttachmentRecord } from "../src/JobSink.ts"
import * as PathName from "../src/PathName.ts"
import { content } from "./document/support.ts"

const fileOf = (url: string, frameId: string | null = null): AttachmentRecord => ({
  ref: { index: 0, role: "mask", frameId, sensorId: null, url, sourcePath: "/url" },
  content: { ...content(new Uint8Array()), mediaType: "image/png" }
})

const nameOf = (url: string, frameId: string | null = null) => PathName.nested(fileOf(url, frameId))

describe("the name of a nested file", () => {
  it("says index, role, frame and kind of file", () => {
    assert.strictEqual(nameOf("https://x.example/mask.PNG?x=1", "Frame 7"), "0000-mask-frame_7.png")
    assert.strictEqual(nameOf("https://x.example/cloud.pcd"), "0000-mask.pcd")
  })

  it("takes the extension from the media type if the URL has no known one", () => {
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

describe("the path of a nested file", () => {
  it("leads through the folders of its batch and its job", () => {
    const path = PathName.ofFile({ batchId: "b", jobId: "j" }, fileOf("https://x.example/mask.png"))
    assert.strictEqual(path, "b/j/0000-mask.png")
  })

  it.prop(
    "has three harmless segments, whatever a server says",
    [Schema.String, Schema.String, Schema.String],
    ([batchId, jobId, url]) => {
      const segments = PathName.ofFile({ batchId, jobId }, fileOf(url)).split("/")
      return segments.length === 3 && segments.every((segment) => /^[A-Za-z0-9_~][A-Za-z0-9_~.-]*$/.test(segment))
    },
    { arbitrary: { runs: 300 } }
  )
})
