import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import type { ExportReport } from "../src/ExportReport.ts"
import { ImageHeader } from "../src/ImageHeader.ts"
import type { Size } from "../src/JobSink.ts"
import * as Sizes from "../src/Sizes.ts"
import { only, world } from "./support/exports.ts"
import { type FakeJob, FakePlatform, files, key } from "./support/fakePlatform.ts"
import { connect } from "./support/fakeTransport.ts"
import { MemorySink } from "./support/memorySink.ts"

/** Images of these tests say their size in words, after which may come anything. */
const reader = (first: Uint8Array): Size | undefined => {
  const [, width, height] = /^image (\d+)x(\d+)\n/.exec(new TextDecoder().decode(first)) ?? []
  return width === undefined ? undefined : { width: Number(width), height: Number(height) }
}

const imageOf = (size: string, length = 0) => `image ${size}\n${" ".repeat(length)}`

const customer = "https://customer.test"

const photo = (url: string): unknown => ({ data: { image_url: url, annotations: { rectangles: [] } } })

const video = (masks: Record<string, string>, inputs: ReadonlyArray<readonly [frame: string, url: string]>) => ({
  data: {
    annotation_data: {
      annotations: Object.keys(masks).map((frame) => ({ _id: "1", attributes: [], frame_id: frame, label: "car # 1" })),
      masks: Object.entries(masks).map(([frame, url]) => ({ frame_id: frame, url })),
      legend: { "#03f561": "car # 1" }
    },
    sensor_data: {
      frames: inputs.map(([frame, url]) => ({ frame_id: frame, sensors: [{ sensor_id: "camera", data_url: url }] }))
    }
  }
})

/** A sink that also notes the sizes of each job. */
const noting = (options: ConstructorParameters<typeof MemorySink>[0] = {}) => {
  const sizes = new Map<string, ReadonlyArray<string>>()
  const sink = new MemorySink({
    ...options,
    before: (step, _, records) =>
      Effect.sync(() => {
        if (step !== "stage") return
        for (const record of records) {
          sizes.set(record.jobId, Array.from(record.sizes, ([at, { height, width }]) => `${at}: ${width}x${height}`))
        }
      })
  })
  return { sink, sizes }
}

const platformOf = (jobs: ReadonlyArray<FakeJob>, override?: FakePlatform["override"]) =>
  new FakePlatform([{ projectId: "p", batchId: "b", jobs: [...jobs] }], override)

const withReader = Effect.provideService(ImageHeader, reader)

const unsized = ({ unsized }: ExportReport) => unsized.map(({ count, reason }) => `${count} ${reason}`).sort()

describe("sizes of images", () => {
  it.effect("come from a mask of the same frame, in memory or not", () =>
    Effect.gen(function*() {
      const platform = platformOf([{
        id: "j",
        document: video({ f1: `${files}/1.png`, f2: `${files}/2.png` }, [
          ["f1", `${customer}/1.jpg`],
          ["f2", `${customer}/2.jpg`],
          ["f3", `${customer}/3.jpg`]
        ])
      }])
      platform.blobs.set(`${files}/1.png`, imageOf("640x480"))
      platform.blobs.set(`${files}/2.png`, imageOf("320x240", 3_000_000))
      const { sink, sizes } = noting()
      const report = yield* (yield* world(platform, [sink])).run()
      deepStrictEqual(sizes.get("j"), ["0: 640x480", "1: 320x240"])
      // Nothing was asked for beyond what was fetched.
      deepStrictEqual(unsized(report), [])
      strictEqual(platform.transport.to("customer.test").length, 0)
    }).pipe(withReader))

  it.effect("come from stored inputs", () =>
    Effect.gen(function*() {
      const platform = platformOf([
        { id: "j", document: photo(`${customer}/1.jpg`) },
        { id: "k", document: photo(`${customer}/2.jpg`) }
      ])
      platform.blobs.set(`${customer}/1.jpg`, imageOf("30x40"))
      platform.blobs.set(`${customer}/2.jpg`, "something else")
      const { sink, sizes } = noting()
      const report = yield* (yield* world(platform, [sink])).run({ attachments: "all" })
      deepStrictEqual([sizes.get("j"), sizes.get("k")], [["0: 30x40"], []])
      deepStrictEqual(unsized(report), [`1 ${Sizes.noHeader}`])
    }).pipe(withReader))

  it.effect("are not read by an application that cannot read images", () =>
    Effect.gen(function*() {
      const platform = platformOf([{ id: "j", document: photo(`${customer}/1.jpg`) }])
      platform.blobs.set(`${customer}/1.jpg`, imageOf("30x40"))
      const { sink, sizes } = noting()
      const report = yield* (yield* world(platform, [sink])).run({ attachments: "all" })
      deepStrictEqual([sizes.get("j"), unsized(report)], [[], []])
    }))

  it.effect("are requested from the inputs' addresses, and missing ones are counted by reason", () =>
    Effect.gen(function*() {
      const names = ["1.jpg?X-Sig=a%2Bb", "2.jpg", "missing.jpg", "text.jpg"]
      const others = ["s3://bucket/1.jpg", "S3://bucket/2.jpg", "gs://bucket/1.jpg", "images/1.jpg"]
      const urls = [...names.map((name) => `${customer}/${name}`), ...others, "https://gone.test/1.jpg"]
      const platform = platformOf(
        urls.map((url, at) => ({ id: `j${at}`, document: photo(url) })),
        ({ headers, url }) => {
          if (url.host === "gone.test") return connect
          if (url.host !== "customer.test") return undefined
          assert.notInclude(JSON.stringify(headers), key)
          if (url.pathname === "/missing.jpg") return { status: 404 }
          const body = url.pathname === "/text.jpg" ? "text" : imageOf("800x600", url.pathname === "/2.jpg" ? 1e6 : 0)
          return { status: 206, body }
        }
      )
      const { sink, sizes } = noting()
      const { events, run } = yield* world(platform, [sink])
      const report = yield* run({ sizes: Sizes.fetch })
      deepStrictEqual(Array.from({ length: 4 }, (_, at) => sizes.get(`j${at}`)), [
        ["0: 800x600"],
        ["0: 800x600"],
        [],
        []
      ])
      strictEqual(platform.transport.to("customer.test")[0]!.url.search, "?X-Sig=a%2Bb")
      deepStrictEqual(unsized(report), [
        "1 HTTP 404",
        "1 no address",
        `1 ${Sizes.noHeader}`,
        "1 scheme gs",
        "1 unreachable",
        "2 scheme s3"
      ])
      strictEqual(report.complete, true)
      strictEqual(only(events, "Unsized").length, 7)
    }).pipe(withReader))

  it.effect("come from the option sizes only if no file has them", () =>
    Effect.gen(function*() {
      const platform = platformOf([{
        id: "j",
        document: video({ f1: `${files}/1.png`, f2: `${files}/2.png` }, [
          ["f1", `${customer}/1.jpg`],
          ["f2", `${customer}/2.jpg`],
          ["f3", `${customer}/3.jpg`]
        ])
      }])
      platform.blobs.set(`${files}/1.png`, imageOf("640x480"))
      platform.blobs.set(`${files}/2.png`, "no image")
      const { sink, sizes } = noting()
      const { run } = yield* world(platform, [sink])
      const report = yield* run({ sizes: Sizes.fixed({ width: 7, height: 8 }) })
      deepStrictEqual(sizes.get("j"), ["0: 640x480", "1: 7x8", "2: 7x8"])
      deepStrictEqual(unsized(report), [])
    }).pipe(withReader))

  it.effect("are looked up by the address in the document", () =>
    Effect.gen(function*() {
      const platform = platformOf([
        { id: "j", document: photo(`${customer}/1.jpg?sig=1`) },
        { id: "k", document: photo("s3://bucket/2.jpg") }
      ])
      const { sink, sizes } = noting()
      const { run } = yield* world(platform, [sink])
      const known: Record<string, Size> = { [`${customer}/1.jpg?sig=1`]: { width: 1, height: 2 } }
      const report = yield* run({ sizes: Sizes.lookup((url) => Effect.succeed(known[url] ?? "not known")) })
      deepStrictEqual([sizes.get("j"), sizes.get("k")], [["0: 1x2"], []])
      deepStrictEqual(unsized(report), ["1 not known"])
    }))

  it.effect("of point clouds are not read", () =>
    Effect.gen(function*() {
      const platform = platformOf([{
        id: "j",
        document: video({}, [["f1", `${customer}/1.pcd`], ["f1", `${customer}/1.jpg`]])
      }])
      const { sink, sizes } = noting()
      const { run } = yield* world(platform, [sink])
      yield* run({ sizes: Sizes.fixed({ width: 7, height: 8 }) })
      deepStrictEqual(sizes.get("j"), ["1: 7x8"])
    }))

  it.effect("reach jobs that are stored already by a refresh, in sinks that replace them", () =>
    Effect.gen(function*() {
      const platform = platformOf([{ id: "j", document: photo(`${customer}/1.jpg`) }])
      const [one, appending] = [noting(), noting({ id: "memory:appending", capabilities: { keying: "append" } })]
      const { run } = yield* world(platform, [one.sink, appending.sink])
      const source = Sizes.fixed({ width: 7, height: 8 })
      yield* run()
      yield* run({ sizes: source })
      deepStrictEqual(one.sizes.get("j"), [])
      const report = yield* run({ sizes: source, selection: { _tag: "Refresh" } })
      deepStrictEqual([one.sizes.get("j"), one.sink.history.length], [["0: 7x8"], 2])
      deepStrictEqual([appending.sizes.get("j"), appending.sink.history.length], [[], 1])
      deepStrictEqual([report.batches[0]!.exported, report.batches[0]!.changed], [1, 0])
      const again = yield* run({ selection: { _tag: "Refresh" } })
      deepStrictEqual([again.batches[0]!.unchanged, one.sink.history.length], [1, 2])
    }))

  it.effect("reach a sink that is filled from another one", () =>
    Effect.gen(function*() {
      const platform = platformOf([
        {
          id: "j",
          document: video({ f1: `${files}/1.png` }, [
            ["f1", `${customer}/1.jpg`],
            ["f2", "s3://b/2.jpg"],
            ["f3", `${customer}/3.jpg`]
          ])
        }
      ])
      platform.blobs.set(`${files}/1.png`, imageOf("640x480"))
      const holding = noting({ id: "memory:holding", replays: true })
      const known = Sizes.lookup((url) => Effect.succeed(url.endsWith("3.jpg") ? { width: 3, height: 4 } : "no"))
      yield* (yield* world(platform, [holding.sink])).run({ sizes: known }).pipe(
        Effect.provideService(ImageHeader, undefined)
      )
      deepStrictEqual(holding.sizes.get("j"), ["2: 3x4"])
      const added = noting({ id: "memory:added" })
      const { events, run } = yield* world(platform, [holding.sink, added.sink])
      const report = yield* run({ sizes: Sizes.fetch })
      // What the source has, then what is read from its files, then what is asked for.
      deepStrictEqual(added.sizes.get("j"), ["2: 3x4", "0: 640x480"])
      strictEqual(platform.transport.to("customer.test").length, 0)
      deepStrictEqual(unsized(report), ["1 scheme s3"])
      strictEqual(only(events, "Exported").length, 0)
    }).pipe(withReader))

  it.effect.each([0, -1, 1.5, Number.NaN, 2 ** 31])("of %d pixels are refused", (width) =>
    Effect.gen(function*() {
      const { run } = yield* world(platformOf([]), [new MemorySink()])
      const error = yield* Effect.flip(run({ sizes: Sizes.fixed({ width, height: 10 }) }))
      assert(error._tag === "OptionError")
      strictEqual(error.option, "sizes")
    }))
})

describe("the names of an image", () => {
  it("are its address, and the last segment of it", () => {
    deepStrictEqual(Sizes.namesOf("https://h.test/a/b%20c.tar.png?sig=1#x"), [
      "https://h.test/a/b%20c.tar.png?sig=1#x",
      "https://h.test/a/b%20c.tar.png",
      "b c.tar.png",
      "b c.tar"
    ])
    deepStrictEqual(Sizes.namesOf("s3://bucket/.hidden"), ["s3://bucket/.hidden", ".hidden"])
    deepStrictEqual(Sizes.namesOf("%E0%A4%A"), ["%E0%A4%A"])
    deepStrictEqual(Sizes.segmentsOf("https://h.test/a//../b"), ["a", "..", "b"])
  })
})
