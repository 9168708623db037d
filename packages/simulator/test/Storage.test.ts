import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { Simulator } from "../src/index.ts"
import { api, attachment, attachmentTarget, code, data, firstBatch, follow, get, job } from "./support/client.ts"

const xmlCode = (body: Buffer): string => /<Code>(\w+)<\/Code>/.exec(body.toString())?.[1] ?? ""

/** A simulator with one job, and the signed URL of its result. */
const one = Effect.fnUntraced(function*(options: Simulator.Options = {}) {
  const simulator = yield* Simulator.start({ batches: [{ jobs: 1 }], ...options })
  const url = simulator.resultUrl(firstBatch(simulator), 0)
  const signed = (yield* attachment(simulator, url)).headers.location ?? ""
  return { simulator, url, signed }
})

describe("Storage", () => {
  it.live("refuses and counts a request that brings the API key, however it brings it", () =>
    Effect.gen(function*() {
      const { signed, simulator } = yield* one()
      const headers = [{ "x-api-key": simulator.apiKey }, { authorization: `Bearer ${simulator.apiKey}` }, {
        "x-api-key": "another"
      }]
      for (const header of headers) {
        const answer = yield* follow(signed, header)
        deepStrictEqual([answer.status, xmlCode(answer.body)], [403, "AccessDenied"])
      }
      strictEqual((yield* follow(signed)).status, 200)
      const report = yield* simulator.report
      strictEqual(report.keysAtStorage, 3)
      deepStrictEqual(report.refused, { signature: 0, expired: 0, key: 3 })
      strictEqual(report.headersAtStorage["x-api-key"], 2)
    }))

  it.live("serves and counts a request with the API key if that is allowed", () =>
    Effect.gen(function*() {
      const { signed, simulator } = yield* one({ keyAtStorage: "allow" })
      strictEqual((yield* follow(signed, { "x-api-key": simulator.apiKey })).status, 200)
      strictEqual((yield* simulator.report).keysAtStorage, 1)
    }))

  it.live("refuses a missing, altered or transplanted signature", () =>
    Effect.gen(function*() {
      const { signed, simulator } = yield* one({ batches: [{ jobs: 2 }] })
      const [path, query] = signed.split("?") as [string, string]
      const bare = yield* follow(path)
      deepStrictEqual([bare.status, xmlCode(bare.body)], [403, "AccessDenied"])
      const altered = [
        signed.replace(/.$/, (last) => last === "0" ? "1" : "0"),
        signed.replace("X-Amz-Expires=900", "X-Amz-Expires=9000"),
        `${path}x?${query}`
      ]
      for (const url of altered) strictEqual(xmlCode((yield* follow(url)).body), "SignatureDoesNotMatch", url)
      strictEqual((yield* simulator.report).refused.signature, 4)
    }))

  it.live("refuses a signed URL past its lifetime, by the clock it was given", () =>
    Effect.gen(function*() {
      let now = Date.UTC(2026, 0, 1)
      const { signed, simulator } = yield* one({ urlLifetime: "2 minutes", now: () => now })
      now += 119_000
      strictEqual((yield* follow(signed)).status, 200)
      now += 2000
      const late = yield* follow(signed)
      deepStrictEqual([late.status, late.body.includes("Request has expired")], [403, true])
      strictEqual((yield* simulator.report).refused.expired, 1)
    }))

  it.live.each([[301], [302], [303], [307], [308]] as const)(
    "redirects with %i when asked",
    ([status]) =>
      Effect.gen(function*() {
        const { simulator, url } = yield* one({ redirectStatus: status })
        strictEqual((yield* attachment(simulator, url)).status, status)
      })
  )

  it.live("leads over extra redirects, and a relative one, within the API before the storage", () =>
    Effect.gen(function*() {
      const { simulator, url } = yield* one({ redirectHops: 2, location: "relative" })
      let [target, hops] = [attachmentTarget(url), 0]
      for (;;) {
        const location = (yield* api(simulator, target)).headers.location ?? ""
        if (location.startsWith(simulator.storageUrl)) {
          strictEqual((yield* follow(location)).status, 200)
          break
        }
        assert.isTrue(location.startsWith("/"))
        strictEqual((yield* get(simulator.apiUrl, location)).status, 401)
        target = location
        hops++
      }
      strictEqual(hops, 3)
    }))

  it.live("responds for missing files, foreign hosts, and a missing url", () =>
    Effect.gen(function*() {
      const { simulator, url } = yield* one()
      for (const other of [url.replace(/[^/]*$/, "other.txt"), `${url}&`, url.replaceAll("+", " ").concat("?")]) {
        const answer = yield* follow((yield* attachment(simulator, other)).headers.location)
        deepStrictEqual([answer.status, xmlCode(answer.body)], [404, "NoSuchKey"])
      }
      const nowhere =
        (yield* attachment(simulator, "https://s3.amazonaws.com/example-bucket/none.png")).headers.location
      deepStrictEqual([(yield* follow(nowhere)).status], [404])
      strictEqual(code(yield* attachment(simulator, "https://example.org/x.json")), "FS_0007")
      strictEqual(code(yield* attachment(simulator, "")), "GE_0001")
    }))

  it.live("serves neither other methods nor the result of an unfinished job", () =>
    Effect.gen(function*() {
      const { signed } = yield* one({ batches: [{ jobs: 1, unfinished: 1 }] })
      const early = yield* follow(signed)
      deepStrictEqual([early.status, xmlCode(early.body)], [404, "NoSuchKey"])
      const url = new URL(signed)
      strictEqual((yield* get(url.origin, url.pathname + url.search, {}, { method: "PUT" })).status, 405)
    }))

  it.live("responds to a range with 206, signed and unsigned, and past the end with 416", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ images: { at: "storage" }, batches: [{ jobs: 4 }] })
      const batch = firstBatch(simulator)
      for (const { id } of simulator.jobs(batch)) {
        const [input] = simulator.expectedInputs(batch, id)
        assert.isTrue(input?.url.startsWith(`${simulator.storageUrl}/`))
        const bytes = Buffer.from(input?.bytes() ?? [])
        const signed = (yield* attachment(simulator, input?.url ?? "")).headers.location
        for (const url of [input?.url, signed]) {
          const head = yield* follow(url, { range: "bytes=0-999" })
          deepStrictEqual([head.status, head.headers["content-range"]], [206, `bytes 0-999/${bytes.length}`])
          deepStrictEqual(head.body, bytes.subarray(0, 1000))
          deepStrictEqual((yield* follow(url, { range: "bytes=-7" })).body, bytes.subarray(-7))
          deepStrictEqual((yield* follow(url, { range: "bytes=1000-" })).body, bytes.subarray(1000))
          const whole = yield* follow(url, { range: "bytes=0-99999999" })
          deepStrictEqual([whole.status, whole.body], [206, bytes])
          strictEqual((yield* follow(url, { range: `bytes=${bytes.length}-` })).status, 416)
          deepStrictEqual((yield* follow(url, { range: "lines=1-2" })).status, 200)
        }
      }
      strictEqual((yield* simulator.report).keysAtStorage, 0)
    }))

  it.live("keeps results behind their signature where inputs are open, and inputs away by faults", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({
        images: { at: "storage" },
        batches: [{ jobs: 60 }],
        faults: [
          { on: "storage", part: "input", share: 0.2, from: 0, meets: { _tag: "Missing" } },
          { on: "storage", part: "input", share: 0.2, from: 0.2, meets: { _tag: "Denied" } }
        ]
      })
      const batch = firstBatch(simulator)
      const statuses = new Map<number, number>()
      for (const { id } of simulator.jobs(batch)) {
        const { status } = yield* follow(simulator.expectedInputs(batch, id)[0]?.url)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
      deepStrictEqual(new Set(statuses.keys()), new Set([200, 403, 404]))
      const { id } = simulator.job(batch, 0)
      const path = data(yield* job(simulator, id)).result.replace(/^https?:\//, "")
      strictEqual((yield* get(simulator.storageUrl, path)).status, 403)
    }))
})
