import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { Fault, Simulator } from "../src/index.ts"
import { api, attachment, data, download, firstBatch, follow, job, page } from "./support/client.ts"

const status = (code: number): Fault.Kind => ({ _tag: "Status", status: code })

/** Statuses of all jobs of the first batch, asked for one after the other. */
const statuses = (simulator: Simulator.Running) =>
  Effect.forEach(
    [...simulator.jobs(firstBatch(simulator))],
    ({ id }) => Effect.map(job(simulator, id), (answer) => answer.status)
  )

describe("FaultChoice", () => {
  it.live("lets the first fault of the list strike, and the next when that one is spent", () =>
    Effect.gen(function*() {
      const faults: ReadonlyArray<Fault.Fault> = [
        { on: "job", meets: status(500) },
        { on: "api", meets: status(502), times: 2 },
        { on: "any", meets: status(504) }
      ]
      const simulator = yield* Simulator.start({ batches: [{ jobs: 1 }], faults })
      const seen = yield* Effect.forEach([1, 2, 3, 4, 5], () => statuses(simulator))
      deepStrictEqual(seen.flat(), [500, 502, 502, 504, 200])
    }))

  it.live("never lets slices of one draw strike the same request, and together they strike their sum", () =>
    Effect.gen(function*() {
      const faults = [0, 1, 2, 3].map((i): Fault.Fault => ({
        on: "job",
        meets: status(500 + i),
        share: 0.25,
        from: i / 4
      }))
      const simulator = yield* Simulator.start({ batches: [{ jobs: 200 }], faults })
      const seen = yield* statuses(simulator)
      for (const code of [500, 501, 502, 503]) {
        const struck = seen.filter((one) => one === code).length
        assert.isTrue(struck > 25 && struck < 80, `${code}: ${struck}`)
      }
      strictEqual(seen.every((one) => one >= 500), true)
      // each struck once: everything comes the second time
      deepStrictEqual(new Set(yield* statuses(simulator)), new Set([200]))
    }))

  it.live("draws again for each fault that is alone, so that some requests meet both", () =>
    Effect.gen(function*() {
      const share = 0.5
      const faults: ReadonlyArray<Fault.Fault> = [
        { on: "job", meets: status(500), share },
        { on: "job", meets: status(502), share }
      ]
      const simulator = yield* Simulator.start({ batches: [{ jobs: 200 }], faults })
      const [first, second] = [yield* statuses(simulator), yield* statuses(simulator)]
      const met = first.map((one, i) => `${one} ${second[i]}`)
      for (const both of ["500 502", "500 200", "502 200", "200 200"]) {
        assert.isAbove(met.filter((one) => one === both).length, 25, both)
      }
    }))

  it.live("chooses the same requests in whatever order they come", () =>
    Effect.gen(function*() {
      const struck = Effect.fnUntraced(function*(order: (ids: Array<string>) => Array<string>) {
        const faults: ReadonlyArray<Fault.Fault> = [{ on: "job", meets: status(500), share: 0.3 }]
        const simulator = yield* Simulator.start({ batches: [{ jobs: 60 }], faults })
        const ids = order(Array.from(simulator.jobs(firstBatch(simulator)), ({ id }) => id))
        const answers = yield* Effect.forEach(ids, (id) => job(simulator, id), { concurrency: 4 })
        return ids.filter((_, i) => answers[i]?.status === 500).toSorted()
      })
      const forwards = yield* struck((ids) => ids)
      deepStrictEqual(yield* struck((ids) => ids.toReversed()), forwards)
      assert.isAbove(forwards.length, 5)
    }))

  it.live("occurs always if times says so, and again after a reset", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 1 }], faults: [{ on: "job", meets: status(500) }] })
      deepStrictEqual([yield* statuses(simulator), yield* statuses(simulator)].flat(), [500, 200])
      yield* simulator.reset
      deepStrictEqual((yield* simulator.report).faults, {})
      deepStrictEqual([yield* statuses(simulator), yield* statuses(simulator)].flat(), [500, 200])
      yield* simulator.setFaults([{ on: "job", meets: status(500), times: 1e9 }])
      deepStrictEqual((yield* Effect.forEach([1, 2, 3], () => statuses(simulator))).flat(), [500, 500, 500])
    }))

  it.live("distinguishes the parts of a job's files: document, nested, input", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 1, kinds: ["video_segmentation"] }] })
      const batch = firstBatch(simulator)
      const document = simulator.resultUrl(batch, 0)
      const nested = simulator.expectedAttachments(batch, 0)[0]?.url ?? ""
      const input = /https:[^"]*camera\/frame1\.png/.exec(
        Buffer.from(simulator.expectedDocument(batch, 0)).toString()
      )?.[0] ?? ""
      for (const [i, part] of (["document", "nested", "input"] as const).entries()) {
        yield* simulator.setFaults([{ on: "attachment", part, meets: status(500) }])
        const seen = yield* Effect.forEach([document, nested, input], (url) =>
          Effect.map(attachment(simulator, url), (answer) => answer.status))
        deepStrictEqual(seen, [302, 302, 302].with(i, 500))
      }
    }))

  it.live("spoils one entry of a page in each of the ways it can", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 3 }] })
      const batch = firstBatch(simulator)
      const entry = Effect.fnUntraced(function*(as: "noId" | "null" | "numberId" | "emptyId") {
        yield* simulator.setFaults([{ on: "jobs", batch, meets: { _tag: "BadEntry", as } }])
        const one: { readonly id?: unknown } | null = data(yield* page(simulator, batch)).jobs[1] ?? null
        return one === null ? null : one.id
      })
      const ways = yield* Effect.forEach(["noId", "null", "numberId", "emptyId"] as const, entry)
      deepStrictEqual(ways, [undefined, null, 42, ""])
      yield* simulator.setFaults([{ on: "jobs", meets: { _tag: "Overlap", jobs: 2 } }])
      const ids = data(yield* page(simulator, batch)).jobs.map(({ id }) => id)
      deepStrictEqual([ids.length, new Set(ids).size], [5, 3])
    }))

  it.live("refuses a list that no JSON file could hold either, and keeps the one it had", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 1 }], faults: [{ on: "job", meets: status(500) }] })
      const wrong: ReadonlyArray<Fault.Fault> = [
        { on: "job", meets: status(99) },
        { on: "job", meets: { _tag: "Stalled", seconds: Number.POSITIVE_INFINITY } },
        { on: "job", meets: { _tag: "Reset" }, share: 2 },
        { on: "storage", meets: { _tag: "Overlap", jobs: 1 } }
      ]
      for (const fault of wrong) {
        const error = yield* Effect.flip(simulator.setFaults([fault]))
        deepStrictEqual([error.operation, error.reason._tag], ["setFaults", "Misconfigured"])
      }
      deepStrictEqual(yield* statuses(simulator), [500])
    }))

  it("gives every transient fault its own slice, and refuses shares that would overlap", () => {
    const faults = Fault.transient(0.08)
    const ends = faults.map(({ from = 0, share = 0 }) => from + share)
    strictEqual(faults.length, 12)
    assert.isTrue(faults.every(({ from }, i) => i === 0 || (from ?? 0) >= (ends[i - 1] ?? 1) - 1e-9))
    for (const share of [0.09, -0.1, Number.NaN]) assert.throws(() => Fault.transient(share), RangeError)
    strictEqual(Fault.problem(faults), undefined)
  })
})

describe("attachment URLs", () => {
  it.live("stand for nothing when cut at an `&`, with `+` as spaces, or at a host that is not the platform's", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 40 }] })
      const batch = firstBatch(simulator)
      const url = Array.from(simulator.jobs(batch), ({ index }) => simulator.resultUrl(batch, index))
        .find((one) => one.includes("&text=Dummy+")) ?? ""
      strictEqual((yield* download(simulator, url)).status, 200)
      for (const damaged of [url.slice(0, url.indexOf("&")), url.replaceAll("+", " "), `${url}x`]) {
        strictEqual((yield* download(simulator, damaged)).status, 404, damaged)
      }
      // encodeURI leaves `+` as it is, and so does the vendor's script
      const raw = yield* api(simulator, `/v1/attachments?url=${url}`)
      strictEqual((yield* follow(raw.headers.location)).status, 200)
    }))

  it.live("give another result after each rework, of every kind", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 80, kinds: ["image_segmentation", "custom"] }] })
      const batch = firstBatch(simulator)
      for (const { id } of simulator.jobs(batch)) {
        const versions = [Buffer.from(simulator.expectedDocument(batch, id))]
        for (let i = 0; i < 3; i++) {
          yield* simulator.rework(id)
          versions.push(Buffer.from(simulator.expectedDocument(batch, id)))
        }
        assert.isTrue(versions.every((one, i) => i === 0 || !one.equals(versions[i - 1] as Buffer)), id)
      }
    }))
})
