import { assert, describe, it } from "@effect/vitest"
import { assertNone, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Option } from "effect"
import * as JobFetch from "../src/JobFetch.ts"
import type { JobRecord } from "../src/JobSink.ts"
import { documentUrl, type FakeJob, FakePlatform, files, ok, ref } from "./support/fakePlatform.ts"
import { lapse } from "./support/time.ts"

const summary = (id: string, status = "completed") => ({
  id,
  referenceId: null,
  status,
  frames: null,
  annotations: null,
  tag: null,
  priorityWeight: null
})

const masks = {
  data: {
    annotation_data: {
      annotations: [{ _id: "1", attributes: [], frame_id: "f1", track_id: "t", label: "car # 1" }],
      masks: [
        { frame_id: "f1", url: `${files}/mask 1.png` },
        { frame_id: "f2", url: `${files}/mask 2.png` }
      ],
      legend: { "#03f561": "car # 1" }
    },
    sensor_data: { frames: [{ frame_id: "f1", sensors: [{ sensor_id: "camera", data_url: `${files}/input.png` }] }] }
  }
}

const platformOf = (job: Partial<FakeJob> = {}, override?: FakePlatform["override"]) => {
  const platform = new FakePlatform([{ projectId: "p", batchId: "b", jobs: [{ id: "j", ...job }] }], override)
  for (const name of ["mask 1", "mask 2", "input"]) platform.blobs.set(`${files}/${name}.png`, `bytes of ${name}`)
  return platform
}

const fetch = (platform: FakePlatform, options?: JobFetch.Options) =>
  lapse(Effect.provide(JobFetch.fetch(ref, summary("j"), options), platform.layer()))

const texts = (record: JobRecord) =>
  Effect.forEach(
    record.attachments,
    ({ content }) => Effect.map(content.collect, (bytes) => Buffer.from(bytes).toString("utf8"))
  )

const some = (record: Option.Option<JobRecord>) => {
  assert(Option.isSome(record))
  return record.value
}

describe("a finished job", () => {
  it.effect("comes with its result document as it lies in the storage", () =>
    Effect.gen(function*() {
      const document = "{ \"anything\" :  [1,\r\n 2.0, \"\\u00e9\"] }\n"
      const record = some(yield* fetch(platformOf({ document })))
      strictEqual(Buffer.from(yield* record.document.collect).toString("utf8"), document)
      strictEqual(record.revision.document, record.document.sha256)
      strictEqual(record.revision.attachments, "")
      strictEqual(record.result.result, documentUrl("j"))
      strictEqual(record.parsed.resultType, "unknown")
    }))

  it.effect("comes with the files that its result names, in the document's order", () =>
    Effect.gen(function*() {
      const platform = platformOf({ document: masks }, (_, kind) =>
        kind.startsWith("file") && kind.endsWith("mask 1.png") ? { body: "bytes of mask 1", delay: 5000 } : undefined)
      const record = some(yield* fetch(platform))
      deepStrictEqual(yield* texts(record), ["bytes of mask 1", "bytes of mask 2"])
      deepStrictEqual(
        record.attachments.map(({ ref }) =>
          ref.frameId
        ),
        ["f1", "f2"]
      )
      assert.match(record.revision.attachments, /^[0-9a-f]{64}$/)
    }))

  it.effect("comes without them with attachments: none", () =>
    Effect.gen(function*() {
      const platform = platformOf({ document: masks })
      const record = some(yield* fetch(platform, { attachments: "none" }))
      deepStrictEqual(record.attachments, [])
      strictEqual(platform.transport.to("storage.test").length, 1)
    }))

  it.effect("comes with its input media only with attachments: all", () =>
    Effect.gen(function*() {
      const platform = platformOf({ document: masks })
      const record = some(yield* fetch(platform, { attachments: "all" }))
      deepStrictEqual((yield* texts(record)).sort(), ["bytes of input", "bytes of mask 1", "bytes of mask 2"])
    }))

  it.effect("is not read back to find its files, even if its document is large and was interrupted once", () =>
    Effect.gen(function*() {
      const document = { ...masks, padding: "x".repeat(3 * 1024 * 1024) }
      const platform = platformOf(
        { document },
        ({ nth }, kind) =>
          kind === `file ${documentUrl("j")}` && nth === 1 ? { body: document, breaks: "Reset" } : undefined
      )
      const record = some(yield* fetch(platform))
      strictEqual(platform.spool.reads, 0)
      strictEqual(record.parsed.resultType, "video_segmentation")
      deepStrictEqual(yield* texts(record), ["bytes of mask 1", "bytes of mask 2"])
    }))

  it.effect("is read as it arrived last, if a large document was interrupted and became a small one", () =>
    Effect.gen(function*() {
      const platform = platformOf(
        { document: masks },
        ({ nth }, kind) =>
          kind === `file ${documentUrl("j")}` && nth === 1
            ? { body: { ...masks, padding: "x".repeat(3 * 1024 * 1024) }, breaks: "Reset" }
            : undefined
      )
      const record = some(yield* fetch(platform))
      deepStrictEqual(JSON.parse(Buffer.from(yield* record.document.collect).toString("utf8")), masks)
      deepStrictEqual(yield* texts(record), ["bytes of mask 1", "bytes of mask 2"])
    }))

  it.effect("has the same revision for the same bytes, and another when one file changes", () =>
    Effect.gen(function*() {
      const platform = platformOf({ document: masks })
      const first = some(yield* fetch(platform)).revision
      deepStrictEqual(some(yield* fetch(platform)).revision, first)
      platform.blobs.set(`${files}/mask 2.png`, "other bytes")
      const second = some(yield* fetch(platform)).revision
      strictEqual(second.document, first.document)
      assert(second.attachments !== first.attachments)
    }))

  it.effect("fetches no more of its files at once than allowed", () =>
    Effect.gen(function*() {
      const many = Array.from({ length: 12 }, (_, at) => ({ frame_id: `f${at}`, url: `${files}/input.png?${at}` }))
      const document = { data: { annotation_data: { ...masks.data.annotation_data, masks: many } } }
      const platform = platformOf({ document }, (_, kind) =>
        kind.includes("input.png") && kind.startsWith("file") ? { body: "x", delay: 100 } : undefined)
      const record = some(yield* fetch(platform, { attachmentConcurrency: 3 }))
      strictEqual(record.attachments.length, 12)
      strictEqual(platform.transport.mostInFlight, 3)
    }))

  it.effect("is valid until its scope closes, and then holds nothing", () =>
    Effect.gen(function*() {
      const platform = platformOf({ document: masks })
      yield* Effect.scoped(Effect.gen(function*() {
        const record = some(yield* fetch(platform))
        strictEqual(platform.spool.held, 3)
        yield* texts(record)
      }))
      strictEqual(platform.spool.held, 0)
      strictEqual(platform.spool.readLate, 0)
    }))
})

describe("a job without a result", () => {
  for (const result of [{}, { result: null }, { result: "" }]) {
    it.effect(`has none: ${JSON.stringify(result)}`, () =>
      Effect.gen(function*() {
        const platform = platformOf({}, (_, kind) =>
          kind === "jobs j" ? ok({ status: "completed", ...result }) : undefined)
        assertNone(yield* fetch(platform))
        strictEqual(platform.transport.asked.length, 1)
      }))
  }

  it.effect.each(["in_progress", "", "incomplete", "not completed", "failed"])(
    "is none in status %j",
    (status) =>
      Effect.gen(function*() {
        assertNone(
          yield* fetch(
            platformOf({}, (_, kind) => kind === "jobs j" ? ok({ status, result: documentUrl("j") }) : undefined)
          )
        )
      })
  )

  it.effect.each(["completed", "Complete", "COMPLETED", "cOmPlEtE"])(
    "is not assumed in status %s",
    (status) =>
      Effect.gen(function*() {
        some(yield* fetch(platformOf({ status })))
      })
  )
})

describe("a job that cannot be fetched completely", () => {
  it.effect("fails with the file that is missing, and holds nothing", () =>
    Effect.gen(function*() {
      const platform = platformOf({ document: masks })
      platform.blobs.delete(`${files}/mask 2.png`)
      const failure = yield* Effect.flip(Effect.scoped(fetch(platform)))
      assert(failure._tag === "GtStudioError")
      strictEqual(failure.reason._tag, "AttachmentMissing")
      strictEqual(failure.subject.jobId, "j")
      strictEqual(failure.subject.url, `${files}/mask%202.png`)
      strictEqual(platform.spool.held, 0)
    }))

  it.effect("fails if its result names something that no URL can carry", () =>
    Effect.gen(function*() {
      const document = JSON.stringify(masks).replace("mask 2.png", "\\ud800")
      const failure = yield* Effect.flip(fetch(platformOf({ document })))
      assert(failure._tag === "GtStudioError")
      strictEqual(failure.reason._tag, "BadRequest")
    }))

  it.effect("fails if the platform does not know it", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(fetch(new FakePlatform([])))
      assert(failure._tag === "GtStudioError")
      strictEqual(failure.reason._tag, "NotFound")
    }))
})
