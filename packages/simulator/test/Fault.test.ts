import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { Fault, Simulator } from "../src/index.ts"
import {
  type Answer,
  api,
  attachment,
  data,
  download,
  firstBatch,
  follow,
  get,
  job,
  jobTarget,
  listing,
  page
} from "./support/client.ts"

const startWith = (...faults: ReadonlyArray<Fault.Fault>) =>
  Simulator.start({ pageSize: 10, batches: [{ jobs: 25 }], faults })

/** Asks for the first job twice. */
const twice = Effect.fnUntraced(function*(meets: Fault.Kind, patience?: number) {
  const simulator = yield* startWith({ on: "job", meets })
  const target = jobTarget(simulator, simulator.job(firstBatch(simulator), 0).id)
  const ask = get(
    simulator.apiUrl,
    target,
    { "x-api-key": simulator.apiKey },
    patience === undefined ? {} : { patience }
  )
  const first = yield* ask
  const second = yield* ask
  return { first, second, report: yield* simulator.report }
})

const wellFormed = (answer: Answer): boolean => {
  try {
    return data(answer).job_id.length > 0
  } catch {
    return false
  }
}

describe("Fault", () => {
  const inPlace: ReadonlyArray<readonly [string, Fault.Kind, (answer: Answer) => boolean]> = [
    [
      "a status",
      { _tag: "Status", status: 502, headers: { "x-why": "test" } },
      (a) => a.status === 502 && a.body.length === 0 && a.headers["x-why"] === "test"
    ],
    ["a web page", { _tag: "Html" }, (a) => a.status === 503 && a.body.includes("<html>")],
    [
      "a web page in place of JSON",
      { _tag: "Html", status: 200 },
      (a) => a.status === 200 && a.headers["content-type"] === "text/html"
    ],
    [
      "a platform code at 400",
      { _tag: "Platform", code: "FS_0000" },
      (a) => a.status === 400 && JSON.parse(a.body.toString()).error.code === "FS_0000"
    ],
    [
      "a platform code at 200",
      { _tag: "Platform", code: "api_error", status: 200 },
      (a) => a.status === 200 && JSON.parse(a.body.toString()).success === false
    ],
    [
      "429 without Retry-After",
      { _tag: "RateLimited" },
      (a) => a.status === 429 && a.headers["retry-after"] === undefined
    ],
    [
      "429 with seconds",
      { _tag: "RateLimited", retryAfter: 1 },
      (a) => a.status === 429 && a.headers["retry-after"] === "1"
    ],
    [
      "429 with a date",
      { _tag: "RateLimited", retryAfter: 60, as: "date" },
      (a) => Date.parse(a.headers["retry-after"] ?? "") > Date.now() + 30_000
    ],
    ["a reset before any header", { _tag: "Reset" }, (a) => a.status === 0 && a.end === "ECONNRESET"],
    [
      "a reset at byte 40",
      { _tag: "Reset", afterBytes: 40 },
      (a) => a.status === 200 && a.end === "ECONNRESET" && a.body.length === 40
    ],
    [
      "a truncated body",
      { _tag: "Truncated", afterBytes: 7 },
      (a) => a.status === 200 && a.end !== "whole" && a.body.length === 7 && Number(a.headers["content-length"]) > 7
    ],
    [
      "a truncated body without a length",
      { _tag: "Truncated", afterBytes: 7, undeclared: true },
      (a) => a.status === 200 && a.end === "whole" && a.body.length === 7 && a.headers["content-length"] === undefined
    ],
    ["a stalled answer", { _tag: "Stalled" }, (a) => a.status === 0 && a.end === "impatient"],
    [
      "a stalled body",
      { _tag: "Stalled", afterBytes: 9 },
      (a) => a.status === 200 && a.end === "impatient" && a.body.length === 9
    ],
    ["a stall that the server ends", { _tag: "Stalled", seconds: 0.05 }, (a) => a.end === "ECONNRESET"],
    [
      "a slow body",
      { _tag: "Slow", bytesPerSecond: 4000 },
      (a) => a.end === "whole" && wellFormed(a) && a.milliseconds > 80
    ],
    [
      "a header that is not true",
      { _tag: "Mislabeled", headers: { "Content-Encoding": "latin1" } },
      (a) => wellFormed(a) && a.headers["content-encoding"] === "latin1"
    ],
    ["a delay", { _tag: "Delayed", milliseconds: 60 }, (a) => wellFormed(a) && a.milliseconds >= 59]
  ]

  it.live.each(inPlace)("lets a request meet %s, once", ([, meets, holds]) =>
    Effect.gen(function*() {
      const { first, report, second } = yield* twice(meets, 300)
      assert.isTrue(holds(first), JSON.stringify({ ...first, body: first.body.toString() }))
      assert.isTrue(wellFormed(second))
      deepStrictEqual(report.faults, { [meets._tag]: 1 })
    }))

  it.live.each(["cut", "garbage", "empty", "otherType", "xml", "bom", "gzip"] as const)(
    "spoils a body: %s, every time",
    (as) =>
      Effect.gen(function*() {
        const { first, second } = yield* twice({ _tag: "Malformed", as })
        deepStrictEqual([first.status, first.end], [200, "whole"])
        assert.isFalse(wellFormed(first))
        deepStrictEqual(second.body, first.body)
      })
  )

  it.live("spoils the way to a file: expired, gone, denied, without Location, in a circle", () =>
    Effect.gen(function*() {
      const simulator = yield* startWith()
      const url = simulator.resultUrl(firstBatch(simulator), 0)
      const meet = (meets: Fault.Kind, on: Fault.On = "attachment") =>
        Effect.andThen(simulator.setFaults([{ on, meets }]), attachment(simulator, url))
      const expired = yield* follow((yield* meet({ _tag: "ExpiredUrl" })).headers.location)
      deepStrictEqual([expired.status, expired.body.includes("expired")], [403, true])
      strictEqual((yield* download(simulator, url)).status, 200)
      for (const [tag, status] of [["Missing", 404], ["Denied", 403]] as const) {
        for (const on of ["attachment", "storage"] as const) {
          strictEqual((yield* follow((yield* meet({ _tag: tag }, on)).headers.location)).status, status)
        }
      }
      const nowhere = yield* meet({ _tag: "NoLocation" })
      deepStrictEqual([nowhere.status, nowhere.headers.location], [302, undefined])
      const circle = (yield* meet({ _tag: "RedirectLoop" })).headers.location ?? ""
      strictEqual((yield* api(simulator, circle.slice(simulator.apiUrl.length))).headers.location, circle)
    }))

  it.live("spoils a listing: token repeated, jobs twice, jobs added, an entry without its id", () =>
    Effect.gen(function*() {
      const simulator = yield* startWith({ on: "jobs", page: 2, meets: { _tag: "Overlap", jobs: 3 } })
      const batch = firstBatch(simulator)
      const pages = yield* listing(simulator, batch)
      deepStrictEqual(pages.map((one) => one.length), [10, 13, 5])
      deepStrictEqual(pages[1]?.slice(0, 3), pages[0]?.slice(7))
      yield* simulator.setFaults([{ on: "jobs", page: 2, meets: { _tag: "RepeatedToken" } }])
      const token = data(yield* page(simulator, batch)).next_page_token
      strictEqual(data(yield* page(simulator, batch, token)).next_page_token, token)
      yield* simulator.setFaults([{ on: "jobs", page: 1, meets: { _tag: "BadEntry", as: "noId" } }])
      const bad = data(yield* page(simulator, batch)).jobs
      strictEqual(bad.filter((one: { id?: string }) => one.id === undefined).length, 1)
      yield* simulator.setFaults([{ on: "jobs", page: 3, meets: { _tag: "JobsAdded", jobs: 7 } }])
      deepStrictEqual((yield* listing(simulator, batch)).map((one) => one.length), [10, 10, 10, 2])
      strictEqual(simulator.batches[0]?.total, 32)
    }))

  it.live("changes a job between requests: not finished after all, no result, reworked the second time", () =>
    Effect.gen(function*() {
      const simulator = yield* startWith()
      const batch = firstBatch(simulator)
      const { id } = simulator.job(batch, 4)
      yield* simulator.setFaults([{ on: "job", job: id, meets: { _tag: "Unfinished" } }])
      deepStrictEqual(Object.values(data(yield* job(simulator, id))).includes("pending"), true)
      yield* simulator.setFaults([{ on: "job", job: id, meets: { _tag: "NoResult" } }])
      const empty = data(yield* job(simulator, id))
      deepStrictEqual([empty.status, empty.result], ["completed", ""])
      yield* simulator.setFaults([{ on: "job", job: id, nth: 2, meets: { _tag: "Reworked" } }])
      const before = Buffer.from(simulator.expectedDocument(batch, id))
      yield* job(simulator, id)
      deepStrictEqual(Buffer.from(simulator.expectedDocument(batch, id)), before)
      yield* job(simulator, id)
      assert.notDeepEqual(Buffer.from(simulator.expectedDocument(batch, id)), before)
    }))

  it.live("hits the nth request, as often as given, for the named batch, job, page, and part only", () =>
    Effect.gen(function*() {
      const simulator = yield* startWith()
      const batch = firstBatch(simulator)
      const [one, other] = [simulator.job(batch, 0).id, simulator.job(batch, 1).id]
      const status = (id: string) => Effect.map(job(simulator, id), (answer) => answer.status)
      const broken: Fault.Kind = { _tag: "Status", status: 500 }
      yield* simulator.setFaults([{ on: "any", job: one, nth: 2, times: 2, meets: broken }])
      const seen = yield* Effect.forEach([one, one, one, one, other, other], status)
      deepStrictEqual(seen, [200, 500, 500, 200, 200, 200])
      yield* simulator.setFaults([{ on: "job", nth: 3, per: "endpoint", meets: broken }])
      deepStrictEqual(yield* Effect.forEach([one, other, one, other], status), [200, 200, 500, 200])
      yield* simulator.setFaults([{ on: "storage", part: "document", times: 99, meets: broken }])
      strictEqual((yield* download(simulator, simulator.resultUrl(batch, 0))).status, 500)
      yield* simulator.setFaults([{ on: "storage", part: "nested", times: 99, meets: broken }])
      strictEqual((yield* download(simulator, simulator.resultUrl(batch, 0))).status, 200)
      yield* simulator.setFaults([{ on: "any", batch: "another", times: 99, meets: broken }])
      strictEqual(yield* status(one), 200)
    }))

  it.live("chooses a share by the seed: the same requests every time, others with another seed", () =>
    Effect.gen(function*() {
      const struck = Effect.fnUntraced(function*(seed: number) {
        const simulator = yield* Simulator.start({
          seed,
          batches: [{ jobs: 400, ids: "odd", id: "b" }],
          faults: [{ on: "job", share: 0.1, meets: { _tag: "Status", status: 500 } }]
        })
        const ids = [...simulator.jobs("b")].map(({ index }) => `${index}`)
        return yield* Effect.filter(
          ids,
          (id) => Effect.map(job(simulator, simulator.job("b", Number(id)).id), ({ status }) => status === 500),
          {
            concurrency: 8
          }
        )
      })
      const [one, again, other] = [yield* struck(1), yield* struck(1), yield* struck(2)]
      deepStrictEqual(one, again)
      assert.notDeepEqual(one, other)
      assert.isTrue(one.length > 15 && one.length < 70, `${one.length}`)
    }))

  it.live("gives every transient fault its share, and every response to a client that retries", () =>
    Effect.gen(function*() {
      const faults = Fault.transient(0.08, { withoutStalls: true })
      const simulator = yield* Simulator.start({ batches: [{ jobs: 300 }], faults })
      const batch = firstBatch(simulator)
      const good = (answer: Answer): boolean => answer.end === "whole" && wellFormed(answer)
      yield* Effect.forEach(simulator.jobs(batch), ({ id }) =>
        Effect.gen(function*() {
          const first = yield* job(simulator, id)
          if (!good(first)) assert.isTrue(good(yield* job(simulator, id)))
          const url = simulator.resultUrl(batch, id)
          const expected = Buffer.from(simulator.expectedDocument(batch, id))
          for (let i = 0; i < 4; i++) {
            const redirect = yield* attachment(simulator, url)
            if (redirect.headers.location === undefined) continue
            const answer = yield* follow(redirect.headers.location)
            if (answer.body.equals(expected)) return
          }
          assert.fail(id)
        }), { concurrency: 8 })
      const kinds = new Set(faults.map(({ meets }) => meets._tag))
      deepStrictEqual(new Set(Object.keys((yield* simulator.report).faults)), kinds)
    }))

  it.effect("reads faults from JSON, and says where they are wrong", () =>
    Effect.gen(function*() {
      const list = Fault.transient(0.02)
      deepStrictEqual(yield* Fault.decode(JSON.parse(JSON.stringify(list))), list)
      const wrong = yield* Effect.flip(Fault.decode([{ on: "jobz", meets: { _tag: "Reset" }, often: 1 }]))
      assert.include(wrong.message, `["on"]`)
      assert.include(wrong.message, `["often"]`)
    }))

  it.live("refuses a fault that cannot occur", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(startWith({ on: "job", meets: { _tag: "ExpiredUrl" } }))
      deepStrictEqual([error._tag, error.reason._tag], ["SimulatorError", "Misconfigured"])
      assert.include(error.message, "ExpiredUrl")
    }))
})
