import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { createHash } from "node:crypto"
import { get as httpGet, type IncomingMessage } from "node:http"
import { connect } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { type Fault, Simulator } from "../src/index.ts"
import { attachment, firstBatch, follow, get, job, jobTarget, page, pageTarget } from "./support/client.ts"

const megabytes = 1_000_000

/** In milliseconds: longer than any test may take. */
const hours = 36_000_000

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

/** In bytes, without the garbage of tests before this one, which share the process. */
const held = (): number => {
  collect()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

/** The answer to a request, whose body nobody has begun to read. */
const open = (url: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    httpGet(url, { agent: false }, resolve).on("error", reject)
  })

describe("Wire", () => {
  it.live("streams a document of 100 MB with its length, and holds none of it for a reader that waits", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ documentBytes: 100 * megabytes, batches: [{ jobs: 1 }] })
      const batch = firstBatch(simulator)
      const { headers } = yield* attachment(simulator, simulator.resultUrl(batch, 0))
      yield* Effect.promise(async () => {
        const before = held()
        const answer = await open(headers.location ?? "")
        await sleep(150)
        assert.isBelow(held() - before, 16 * megabytes)
        const [expected, hash] = [createHash("sha256"), createHash("sha256")]
        let length = 0
        for await (const chunk of answer as AsyncIterable<Buffer>) {
          length += chunk.length
          hash.update(chunk)
        }
        strictEqual(answer.headers["content-length"], String(length))
        assert.isTrue(Math.abs(length - 100 * megabytes) < 6000)
        for (const chunk of simulator.expectedDocumentChunks(batch, 0)) expected.update(chunk)
        strictEqual(hash.digest("hex"), expected.digest("hex"))
      })
    }))

  it.live("ends its work when a reader goes away, and serves the next", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ documentBytes: 20 * megabytes, batches: [{ jobs: 1 }] })
      const { headers } = yield* attachment(simulator, simulator.resultUrl(firstBatch(simulator), 0))
      yield* Effect.promise(async () => {
        for (let i = 0; i < 5; i++) (await open(headers.location ?? "")).destroy()
      })
      const answer = yield* follow(headers.location)
      deepStrictEqual([answer.status, answer.end], [200, "whole"])
    }))

  const holding: ReadonlyArray<readonly [string, Fault.Kind]> = [
    ["stalled before its header", { _tag: "Stalled" }],
    ["stalled in its body", { _tag: "Stalled", afterBytes: 5 }],
    ["slow", { _tag: "Slow", bytesPerSecond: 1 }],
    ["delayed", { _tag: "Delayed", milliseconds: hours }]
  ]

  it.live.each(holding)(
    "cuts off, when it closes, a request that is %s",
    ([, meets]) =>
      Effect.promise(async () => {
        const simulator = await Simulator.startPromise({ batches: [{ jobs: 1 }], faults: [{ on: "job", meets }] })
        const target = jobTarget(simulator, simulator.job(firstBatch(simulator), 0).id)
        const asked = Effect.runFork(
          get(simulator.apiUrl, target, { "x-api-key": simulator.apiKey }, { patience: hours })
        )
        while (simulator.report().total === 0) await sleep(5)
        await sleep(40)
        await simulator.close()
        // Neither the client's patience nor the fault ends within this test: only being cut off does.
        assert.notStrictEqual((await Effect.runPromise(Fiber.join(asked))).end, "whole")
      })
  )

  it.live("closes despite a connection without a request, or with an incomplete one", () =>
    Effect.promise(async () => {
      const simulator = await Simulator.startPromise()
      const sockets = [simulator.apiUrl, simulator.storageUrl].flatMap((url) => {
        const { hostname, port } = new URL(url)
        return ["", "GET / HTTP/1.1\r\nhost: x\r\n"].map((text) => {
          const socket = connect(Number(port), hostname, () => void socket.write(text))
          socket.on("error", () => undefined)
          return socket.resume()
        })
      })
      while (simulator.report().connections.api + simulator.report().connections.storage < 4) await sleep(5)
      // A reset is a way of closing too, and `once` would take it for a failure.
      const closed = sockets.map((socket) => new Promise((resolve) => socket.on("close", resolve)))
      await simulator.close()
      await Promise.all(closed)
    }))

  it.live("sends a slow body at its pace without piling up listeners", () =>
    Effect.gen(function*() {
      const warnings: Array<Error> = []
      const note = (warning: Error): void => void warnings.push(warning)
      process.on("warning", note)
      const meets: Fault.Kind = { _tag: "Slow", bytesPerSecond: 800 }
      const simulator = yield* Simulator.start({ batches: [{ jobs: 1 }], faults: [{ on: "job", meets }] })
      const { body, milliseconds } = yield* job(simulator, simulator.job(firstBatch(simulator), 0).id)
      process.off("warning", note)
      deepStrictEqual(warnings, [])
      assert.isAbove(milliseconds, body.length / 800 * 1000 * 0.9)
    }))

  it.live("lets a fault's headers replace its own, and refuses unsendable ones", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 1 }] })
      const meets = (headers: Record<string, string>): Fault.Fault => ({
        on: "job",
        meets: { _tag: "Status", status: 418, body: "{}", headers }
      })
      yield* simulator.setFaults([meets({ "Content-Type": "application/json" })])
      const answer = yield* job(simulator, simulator.job(firstBatch(simulator), 0).id)
      deepStrictEqual([answer.status, answer.headers["content-type"]], [418, "application/json"])
      for (const headers of [{ "x-a": "line\nbreak" }, { "no name": "x" }]) {
        strictEqual((yield* Effect.flip(simulator.setFaults([meets(headers)]))).reason._tag, "Misconfigured")
      }
    }))

  it.live("waits the latency before each response, at both origins", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ latency: "40 millis", batches: [{ jobs: 1 }] })
      const redirect = yield* attachment(simulator, simulator.resultUrl(firstBatch(simulator), 0))
      const file = yield* follow(redirect.headers.location)
      assert.isTrue([redirect, file].every((answer) => answer.status < 400 && answer.milliseconds >= 39))
    }))

  it.live("lets through fewer than one request a second when asked", () =>
    Effect.gen(function*() {
      let now = 0
      const simulator = yield* Simulator.start({ now: () => now, rateLimit: { perSecond: 0.5 } })
      const ask = Effect.map(page(simulator, firstBatch(simulator)), ({ status }) => status)
      deepStrictEqual([yield* ask, yield* ask], [200, 429])
      now += 2000
      strictEqual(yield* ask, 200)
    }))

  it.live("responds to unknown endpoints and writing methods in the platform's form", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 1 }] })
      const batch = firstBatch(simulator)
      const ask = (target: string, method: string) =>
        Effect.map(get(simulator.apiUrl, target, { "x-api-key": simulator.apiKey }, { method }), ({ status }) => status)
      strictEqual(yield* ask(pageTarget(simulator, batch), "POST"), 405)
      strictEqual(yield* ask(`/v1/project/${simulator.projectId}/batch`, "POST"), 405)
      for (const target of ["/", "/v2/attachments", "/v1/projects", "/v1/%zz", "//", jobTarget(simulator, "")]) {
        strictEqual(yield* ask(target, "GET"), 404, target)
      }
    }))
})
