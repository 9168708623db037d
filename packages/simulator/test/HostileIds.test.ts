import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { type Scenario, Simulator } from "../src/index.ts"
import { api, data, download, firstBatch, job, jobTarget, listing } from "./support/client.ts"

const styles: ReadonlyArray<readonly [Scenario.IdStyle]> = [["uuid"], ["odd"], ["hostile"], ["mixed"]]

describe("HostileIds", () => {
  it.live.each(styles)(
    "finds every %s job by the id that the listing gives it, percent-encoded",
    ([ids]) =>
      Effect.gen(function*() {
        const simulator = yield* Simulator.start({ batches: [{ jobs: 5 }, { jobs: 150, ids }, { jobs: 150, ids }] })
        const seen = new Set<string>()
        for (const { id: batch } of simulator.batches) {
          for (const { id, reference_id } of (yield* listing(simulator, batch)).flat()) {
            seen.add(id)
            const one = data(yield* job(simulator, id))
            deepStrictEqual([one.job_id, one.reference_id, one.batch_id], [id, reference_id, batch])
          }
        }
        strictEqual(seen.size, 305)
      })
  )

  it("holds each kind of trouble that a path, a file name or a terminal can have", async () => {
    const simulator = await Simulator.startPromise({ batches: [{ jobs: 100, ids: "hostile" }] })
    const ids = [...simulator.jobs(firstBatch(simulator))].map(({ id }) => id)
    for (const id of ["../evil", "a/b", "CON", "nul.json", "trailing.", "trailing ", ".", "..", "__proto__"]) {
      assert.include(ids, id)
    }
    for (const text of ["\u0000", "\u2028", "\n", "%", "\u{1F98A}", "\\", "\u00e9"]) {
      assert.isTrue(ids.some((id) => id.includes(text)), JSON.stringify(text))
    }
    assert.isTrue(ids.some((id) => id.length === 300))
    assert.isBelow(new Set(ids.map((id) => id.toLowerCase())).size, ids.length)
    assert.isBelow(new Set(ids.map((id) => id.normalize("NFC"))).size, ids.length)
    await simulator.close()
  })

  it.live("serves their results like any other, from URLs without the id in them", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 40, ids: "hostile", id: "../batch" }] })
      for (const { id } of simulator.jobs("../batch")) {
        const url = data(yield* job(simulator, id)).result
        assert.match(url, /^https?:\/\/[\w.+&=/-]+$/)
        deepStrictEqual((yield* download(simulator, url)).body, Buffer.from(simulator.expectedDocument("../batch", id)))
      }
    }))

  it.live("knows neither an id that was not encoded nor an invented one", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 30, ids: "hostile" }] })
      for (const id of ["job_0_1", "0~31", "../evil-0~999", "constructor2", "toString"]) {
        strictEqual((yield* job(simulator, id)).status, 400, id)
      }
      const raw = yield* api(simulator, jobTarget(simulator, "a/b").replace("%2F", "/"))
      strictEqual(raw.status, 404)
    }))
})
