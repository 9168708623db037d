import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import { batchOf, FakePlatform, ok, ref } from "./support/fakePlatform.ts"
import type { Reply } from "./support/fakeTransport.ts"

const first = 1_575_822_103_313_046_000n

/** A listing that answers these pages, in the order in which they are asked for. */
const listing = (...pages: ReadonlyArray<unknown>) => {
  let at = 0
  return new FakePlatform([], (): Reply => ok(pages[at++]))
}

const summaries = (platform: FakePlatform) =>
  Stream.unwrap(Effect.map(platform.gtStudio, (gtStudio) => gtStudio.jobSummaries(ref)))

const pages = (platform: FakePlatform) =>
  Stream.unwrap(Effect.map(platform.gtStudio, (gtStudio) => gtStudio.pages(ref)))

const ids = (platform: FakePlatform) =>
  Effect.map(Stream.runCollect(summaries(platform)), (jobs) => jobs.map(({ id }) => id))

const job = (id: string, more = {}) => ({
  id,
  reference_id: "r",
  status: "completed",
  frames: 1,
  annotations: 1,
  ...more
})

describe("the listing", () => {
  it.effect("emits every job of every page, in the platform's order", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(5)])
      deepStrictEqual(yield* ids(platform), ["b-0", "b-1", "b-2", "b-3", "b-4"])
      deepStrictEqual(platform.kinds, ["page b first", `page b ${first + 2n}`, `page b ${first + 4n}`])
    }))

  it.effect("asks for nothing before the stream runs", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(5)])
      const gtStudio = yield* platform.gtStudio
      assert.isDefined(gtStudio.jobSummaries(ref))
      assert.isDefined(gtStudio.pages(ref))
      strictEqual(platform.transport.asked.length, 0)
    }))

  it.effect("reads no further ahead than two pages for a consumer that stays at the first job", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(40)])
      const seen = yield* Queue.unbounded<string>()
      const fiber = yield* summaries(platform).pipe(
        Stream.runForEach(({ id }) => Effect.andThen(Queue.offer(seen, id), Effect.never)),
        Effect.forkChild
      )
      strictEqual(yield* Queue.take(seen), "b-0")
      yield* TestClock.adjust("1 minute")
      assert.isAtMost(platform.transport.asked.length, 3)
      yield* Fiber.interrupt(fiber)
      strictEqual(platform.transport.open, 0)
    }))

  it.effect("emits a page when the request for the next one has left, so that both continue at once", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(8)])
      platform.transport.isLate = true
      const lefts: Array<number> = []
      yield* Stream.runForEach(pages(platform), () => Effect.sync(() => lefts.push(platform.transport.asked.length)))
      lefts.forEach((left, at) => assert.isAtLeast(left, Math.min(at + 2, 4)))
      strictEqual(lefts.length, 4)
    }))

  it.effect("asks for one page only when one job is taken", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(40)])
      strictEqual((yield* Stream.runCollect(Stream.take(summaries(platform), 1))).length, 1)
      assert.isAtMost(platform.transport.asked.length, 3)
    }))

  it.effect("starts from the first page each time it is run", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(3)])
      const stream = summaries(platform)
      strictEqual((yield* Stream.runCollect(stream)).length, 3)
      strictEqual((yield* Stream.runCollect(stream)).length, 3)
    }))

  it.effect.each([{}, { next_page_token: null }, { next_page_token: "" }])(
    "ends on the token of %j",
    (token) =>
      Effect.gen(function*() {
        const platform = listing({ jobs: [job("a")], ...token })
        deepStrictEqual(yield* ids(platform), ["a"])
        strictEqual(platform.transport.asked.length, 1)
      })
  )

  it.effect.each(["1575822103313046123", "0001", "18446744073709551617", "a+b/c=&d %2B", "ключ"])(
    "gives the token %s back as it came",
    (token) =>
      Effect.gen(function*() {
        const platform = listing({ jobs: [job("a")], next_page_token: token }, { jobs: [job("b")] })
        yield* ids(platform)
        strictEqual(platform.transport.asked[1]?.url.searchParams.get("page_token"), token)
      })
  )

  it.effect.each(["1575822103313046123", "18446744073709551617", "7"])(
    "gives the token %s back with all its digits where it came as a number",
    (token) =>
      Effect.gen(function*() {
        let at = 0
        const platform = new FakePlatform([], (): Reply => ({
          body: new TextEncoder().encode(
            `{"data":{"jobs":[{"id":"${at}","status":"s","reference_id":${token}}]${
              at++ === 0 ? `,"next_page_token":${token}` : ""
            }},"success":true}`
          )
        }))
        const jobs = yield* Stream.runCollect(summaries(platform))
        deepStrictEqual(jobs.map(({ id, problems, referenceId }) => [id, referenceId, problems]), [
          ["0", token, undefined],
          ["1", token, undefined]
        ])
        strictEqual(platform.transport.asked[1]?.url.searchParams.get("page_token"), token)
      })
  )

  it.effect("emits all jobs up to a repeated token, then fails", () =>
    Effect.gen(function*() {
      for (const length of [1, 2, 7]) {
        const platform = new FakePlatform([], ({ url }): Reply => {
          const at = Number(url.searchParams.get("page_token") ?? "0")
          return ok({ jobs: [job(`j${at}`)], next_page_token: String(at % length + 1) })
        })
        const seen: Array<string> = []
        const error = yield* summaries(platform).pipe(
          Stream.runForEach(({ id }) => Effect.sync(() => seen.push(id))),
          Effect.flip
        )
        strictEqual(error.reason._tag, "RepeatedPageToken")
        assert(!error.isRetryable)
        strictEqual(platform.transport.asked.length, length + 1)
        deepStrictEqual(seen, Array.from({ length: length + 1 }, (_, at) => `j${at}`))
      }
    }))

  it.effect("emits a job that is on two pages once", () =>
    Effect.gen(function*() {
      const platform = listing({ jobs: [job("a"), job("b")], next_page_token: "1" }, { jobs: [job("b"), job("c")] })
      deepStrictEqual(yield* ids(platform), ["a", "b", "c"])
    }))

  it.effect("continues over an empty page", () =>
    Effect.gen(function*() {
      const platform = listing({ jobs: [], next_page_token: "1" }, { jobs: [job("a")] })
      deepStrictEqual(yield* ids(platform), ["a"])
    }))

  it.effect.each([{ jobs: [] }, { jobs: null }, {}])(
    "takes %j for a batch without jobs",
    (data) =>
      Effect.gen(function*() {
        deepStrictEqual(yield* ids(listing(data)), [])
      })
  )

  it.effect("takes fields that are missing, null or new", () =>
    Effect.gen(function*() {
      const platform = listing({
        jobs: [
          { id: "a", status: "completed" },
          { id: "b", status: "completed", reference_id: null, frames: null, annotations: null, tag: null },
          job("c", { tag: "t", priority_weight: 5, viewer_url: "", invented: { deep: [1] } })
        ],
        invented: true
      })
      const jobs = yield* Stream.runCollect(summaries(platform))
      const none = { referenceId: null, frames: null, annotations: null, tag: null, priorityWeight: null }
      deepStrictEqual(jobs, [
        { ...none, id: "a", status: "completed" },
        { ...none, id: "b", status: "completed" },
        { id: "c", referenceId: "r", status: "completed", frames: 1, annotations: 1, tag: "t", priorityWeight: 5 }
      ])
    }))

  it.effect("escapes ids in the path, and refuses ids that no path can hold", () =>
    Effect.gen(function*() {
      const platform = listing({ jobs: [] })
      const gtStudio = yield* platform.gtStudio
      yield* Stream.runDrain(gtStudio.pages({ projectId: "../p?x#", batchId: "a/b" }))
      strictEqual(platform.transport.urls[0], "https://api.test/v1/projects/..%2Fp%3Fx%23/batch/a%2Fb")
      for (const batchId of ["", ".", "..", "\ud800"]) {
        const error = yield* Effect.flip(Stream.runDrain(gtStudio.pages({ projectId: "p", batchId })))
        strictEqual(error.reason._tag, "BadRequest")
      }
      strictEqual(platform.transport.asked.length, 1)
    }))
})

describe("a listing that cannot be read", () => {
  it.effect("loses only the malformed job, and names it and its field", () =>
    Effect.gen(function*() {
      const wrong = job("bad", { status: ["secret-word"], frames: "secret-word" })
      const platform = listing({ jobs: [job("a"), wrong, job("c")], next_page_token: "1" }, { jobs: [job("d")] })
      const [page, next] = yield* Stream.runCollect(pages(platform))
      deepStrictEqual(page?.jobs.map(({ id }) => id), ["a", "c"])
      deepStrictEqual(next?.jobs.map(({ id }) => id), ["d"])
      const [malformed] = page?.malformed ?? []
      assert(malformed?.identified)
      strictEqual(malformed.jobId, "bad")
      strictEqual(malformed.error.subject.jobId, "bad")
      assert.include(malformed.error.message, "status")
      assert.include(malformed.error.message, "page 1, job 2")
      assert.notInclude(malformed.error.message, "secret-word")
    }))

  it.effect.each([null, 5, "text", [], {}, { id: "" }, { id: 7, status: "completed" }, job("\ud800x")])(
    "names the place of a job that has no id, or one that is no text (%j)",
    (item) =>
      Effect.gen(function*() {
        const [page] = yield* Stream.runCollect(pages(listing({ jobs: [job("a"), item] })))
        deepStrictEqual(page?.jobs.map(({ id }) => id), ["a"])
        deepStrictEqual(page?.malformed.map(({ identified, jobId }) => [jobId, identified]), [["page 1, job 2", false]])
      })
  )

  it.effect("emits all other jobs of all pages before it fails", () =>
    Effect.gen(function*() {
      const platform = listing({ jobs: [{}, job("a")], next_page_token: "1" }, { jobs: [job("b")] })
      const seen: Array<string> = []
      const error = yield* summaries(platform).pipe(
        Stream.runForEach(({ id }) => Effect.sync(() => seen.push(id))),
        Effect.flip
      )
      deepStrictEqual(seen, ["a", "b"])
      strictEqual(error.reason._tag, "MalformedResponse")
    }))

  for (
    const [field, data] of [
      ["data.jobs", { jobs: "none" }],
      ["data.jobs", { jobs: { a: 1 } }],
      ["data.next_page_token", { jobs: [], next_page_token: true }],
      ["data.next_page_token", { jobs: [], next_page_token: { deep: 1 } }],
      ["data.next_page_token", { jobs: [], next_page_token: "\ud800" }],
      ["data", null],
      ["data", []],
      ["data", "text"]
    ] as const
  ) {
    it.effect(`names ${field} in ${JSON.stringify(data)}, and does not ask again`, () =>
      Effect.gen(function*() {
        const platform = listing(data)
        const error = yield* Effect.flip(Stream.runDrain(summaries(platform)))
        strictEqual(error.reason._tag, "MalformedResponse")
        assert.include(error.message, `${field}:`)
        assert(!error.isRetryable)
        strictEqual(platform.transport.asked.length, 1)
      }))
  }

  it.effect("names the field of a job's result that is wrong", () =>
    Effect.gen(function*() {
      const platform = listing({ status: "completed", result: 5 })
      const gtStudio = yield* platform.gtStudio
      const error = yield* Effect.flip(gtStudio.jobResult("p", "j"))
      strictEqual(error.reason._tag, "MalformedResponse")
      assert.include(error.message, "result")
      strictEqual(error.subject.jobId, "j")
    }))
})
