import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { Scenario, Simulator } from "../src/index.ts"
import { api, data, download, firstBatch, follow, job, listing } from "./support/client.ts"
import { readPng } from "./support/readPng.ts"

/** Every string in a document that is a URL. */
const urls = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string"
    ? /^https?:\/\//.test(value) ? [value] : []
    : typeof value === "object" && value !== null
    ? Object.values(value).flatMap(urls)
    : []

interface Top {
  readonly legend: Readonly<Record<string, string>> | ReadonlyArray<{ readonly label_key: number }>
  readonly annotations: Readonly<Record<string, ReadonlyArray<unknown>>> | ReadonlyArray<unknown> | undefined
  readonly annotation_data: { readonly annotations: ReadonlyArray<unknown> }
}

const countList = (document: Top & { readonly data?: Top }, kind: Scenario.Kind): number => {
  const top = document.data ?? document
  switch (kind) {
    case "image_annotation":
    case "image_classification":
      return Object.values(top.annotations ?? {}).reduce<number>(
        (n, list) => n + (list as ReadonlyArray<unknown>).length,
        0
      )
    case "image_segmentation":
      return Object.keys(top.legend).length
    case "point_cloud_segmentation_legacy":
      return (top.legend as ReadonlyArray<unknown>).length
    case "custom":
      return ((top.annotations ?? [top]) as ReadonlyArray<unknown>).length
    default:
      return top.annotation_data.annotations.length
  }
}

const checkPcd = (pcd: string): void => {
  const lines = pcd.trimEnd().split("\n")
  const points = Number(lines.find((line) => line.startsWith("POINTS "))?.slice(7))
  const fields = lines.find((line) => line.startsWith("FIELDS "))?.split(" ").slice(1) ?? []
  const rows = lines.slice(lines.indexOf("DATA ascii") + 1)
  strictEqual(rows.length, points)
  assert.isTrue(rows.every((row) => row.split(" ").map(Number).filter(Number.isFinite).length === fields.length))
}

describe("Documents", () => {
  it.live.each(Scenario.allKinds.map((kind) => [kind] as const))(
    "serves %s completely: document, its files, and counts that agree with the listing",
    ([kind]) =>
      Effect.gen(function*() {
        const simulator = yield* Simulator.start({
          images: { sizes: [[64, 48], [48, 64]] },
          batches: [{ jobs: 16, kinds: [kind] }]
        })
        const batch = firstBatch(simulator)
        for (const listed of (yield* listing(simulator, batch)).flat()) {
          const result = data(yield* job(simulator, listed.id)).result
          const answer = yield* download(simulator, result)
          deepStrictEqual([answer.status, answer.end], [200, "whole"])
          deepStrictEqual(answer.body, Buffer.from(simulator.expectedDocument(batch, listed.id)))
          const document = JSON.parse(answer.body.toString())
          strictEqual(countList(document, kind), listed.annotations)
          const expected = simulator.expectedAttachments(batch, listed.id)
          const named = urls(document)
          assert.isTrue(expected.every(({ url }) => named.includes(url)))
          for (const url of named) {
            const file = yield* download(simulator, url)
            strictEqual(file.status, 200, url)
            strictEqual(file.headers["content-length"], String(file.body.length))
            if (url.endsWith(".png")) readPng(file.body)
            if (url.endsWith(".pcd")) checkPcd(file.body.toString())
            const nested = expected.find((one) => one.url === url)
            if (nested !== undefined) deepStrictEqual(file.body, Buffer.from(nested.bytes))
          }
        }
      })
  )

  it.live("takes the attachment's url raw as well as encoded, `&` and `+` included", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 40 }] })
      const batch = firstBatch(simulator)
      const odd = [...simulator.jobs(batch)].find((one) => simulator.resultUrl(batch, one.id).includes("&text=Dummy+"))
      const url = simulator.resultUrl(batch, odd?.id ?? "")
      for (const target of [`/v1/attachments?url=${url}`, `/v1/attachments?url=${encodeURIComponent(url)}`]) {
        const redirect = yield* api(simulator, target)
        strictEqual(redirect.status, 302)
        const answer = yield* follow(redirect.headers.location)
        deepStrictEqual(answer.body, Buffer.from(simulator.expectedDocument(batch, odd?.id ?? "")))
      }
    }))

  it.live("names label keys and colors that the masks use", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 4, kinds: ["point_cloud_segmentation_legacy"] }] })
      const batch = firstBatch(simulator)
      const document = JSON.parse(Buffer.from(simulator.expectedDocument(batch, 0)).toString())
      const [file] = simulator.expectedAttachments(batch, 0)
      const rows = Buffer.from(file?.bytes ?? []).toString().trimEnd().split("\n").slice(11)
      const keys = new Set(document.legend.map((one: { label_key: number }) => one.label_key))
      assert.isTrue(rows.every((row) => keys.has(Number(row.split(" ")[3]))))
    }))

  it("gives the same project for the same seed, and another for another", async () => {
    const print = async (seed: number | string) => {
      const simulator = await Simulator.startPromise({ seed, batches: [{ jobs: 50, kinds: Scenario.allKinds }] })
      const batch = firstBatch(simulator)
      const text = [...simulator.jobs(batch)].map((one) =>
        [one.id, simulator.resultUrl(batch, one.id), ...simulator.expectedDocumentChunks(batch, one.id)].join()
      )
      await simulator.close()
      return text.join("\n")
    }
    const [one, again, other] = await Promise.all([print("seed"), print("seed"), print("other")])
    strictEqual(one, again)
    assert.notStrictEqual(one, other)
  })

  it.live("repeats an _id within a document, as the documented examples do", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 50 }] })
      const repeated = [...simulator.jobs(firstBatch(simulator))].filter(({ id }) => {
        const text = Buffer.from(simulator.expectedDocument(firstBatch(simulator), id)).toString()
        const ids = text.match(/"_id":"[^"]*"/g) ?? []
        return new Set(ids).size < ids.length
      })
      assert.isAbove(repeated.length, 10)
    }))

  it.live("changes a result by rework, under the same URL", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 5, kinds: ["image_segmentation"] }] })
      const batch = firstBatch(simulator)
      const { id } = simulator.job(batch, 3)
      const url = simulator.resultUrl(batch, id)
      const [mask] = simulator.expectedAttachments(batch, id)
      const maskBefore = yield* download(simulator, mask?.url ?? "")
      yield* simulator.rework(id)
      strictEqual(simulator.resultUrl(batch, id), url)
      const maskAfter = yield* download(simulator, mask?.url ?? "")
      assert.notDeepEqual(maskAfter.body, maskBefore.body)
      deepStrictEqual(maskAfter.body, Buffer.from(simulator.expectedAttachments(batch, id)[0]?.bytes ?? []))
    }))

  it.live.each(Scenario.allKinds.map((kind) => [kind] as const))(
    "pads %s to the length asked for",
    ([kind]) =>
      Effect.gen(function*() {
        const simulator = yield* Simulator.start({ documentBytes: 300_000, batches: [{ jobs: 9, kinds: [kind] }] })
        const batch = firstBatch(simulator)
        for (const one of simulator.jobs(batch)) {
          const answer = yield* download(simulator, simulator.resultUrl(batch, one.id))
          strictEqual(answer.headers["content-length"], String(answer.body.length))
          assert.isTrue(Math.abs(answer.body.length - 300_000) < 6000, `${answer.body.length}`)
          strictEqual(countList(JSON.parse(answer.body.toString()), kind), one.annotations)
        }
      })
  )

  it.live("streams a document of 50 MB without holding it", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ documentBytes: 50e6, batches: [{ jobs: 1 }] })
      const batch = firstBatch(simulator)
      const hash = createHash("sha256")
      let [length, most] = [0, 0]
      for (const chunk of simulator.expectedDocumentChunks(batch, 0)) {
        hash.update(chunk)
        length += chunk.length
        most = Math.max(most, chunk.length)
      }
      assert.isBelow(most, 100_000)
      const answer = yield* download(simulator, simulator.resultUrl(batch, 0))
      strictEqual(answer.headers["content-length"], String(length))
      strictEqual(createHash("sha256").update(answer.body).digest("hex"), hash.digest("hex"))
    }))

  it.live("wraps documents in data, or not, as asked", () =>
    Effect.gen(function*() {
      const keys = (wrapped: "always" | "never", kind: Scenario.Kind) =>
        Effect.map(Simulator.start({ wrapped, batches: [{ jobs: 1, kinds: [kind] }] }), (simulator) =>
          Object.keys(JSON.parse(Buffer.from(simulator.expectedDocument(firstBatch(simulator), 0)).toString())))
      deepStrictEqual(yield* keys("always", "image_segmentation"), ["data"])
      deepStrictEqual(yield* keys("never", "video_annotation"), ["annotation_data", "video_data"])
    }))
})
