import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type { JobRecord } from "../src/JobSink.ts"
import * as SimpleSink from "../src/SimpleSink.ts"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void
const heap = () => {
  collect()
  return process.memoryUsage().heapUsed / 1e6
}

const record = (index: number) => {
  const sha256 = String(index).padStart(64, "0")
  const jobId = `0b5c8c1e-0000-4000-8000-${String(index).padStart(12, "0")}`
  const document = { size: 3, bytes: new Uint8Array(3), sha256 }
  return {
    projectId: "p",
    batchId: "b",
    jobId,
    document,
    attachments: [],
    revision: { document: sha256, attachments: "" }
  } as never as JobRecord
}

describe("a simple sink", () => {
  it.live("holds no more after 100,000 jobs than after 25,000", () =>
    Effect.scoped(Effect.gen(function*() {
      const open = yield* SimpleSink.fromWriter({ name: "x", id: "x", open: Effect.succeed(() => Effect.void) }).open
      const megabytes: Array<number> = []
      let index = 0
      for (let round = 0; round < 4; round++) {
        for (let batch = 0; batch < 100; batch++) {
          const token = `${round}-${batch}`
          yield* open.stage(token, Array.from({ length: 256 }, () => record(index++)))
          yield* open.commit(token)
        }
        megabytes.push(Math.round(heap()))
      }
      assert.isBelow(megabytes[3]! - megabytes[0]!, 7, `heap in MB after each 25,600 jobs: ${megabytes.join()}`)
    })), 60_000)
})
