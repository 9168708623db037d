import { assert, describe, it } from "@effect/vitest"
import { strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import type { Options } from "../src/GtStudio.ts"
import { FakePlatform, files, storage } from "./support/fakePlatform.ts"
import type { Asked, Reply } from "./support/fakeTransport.ts"
import { lapse } from "./support/time.ts"

const other = "https://other.test"

const link = ({ at }: Asked, to = storage): Reply => ({
  status: 302,
  headers: { location: `${to}/?at=${at}&n=${Math.random()}` },
  delay: 30
})

/** A storage whose links live two seconds, and which rests for three after every so many requests. */
const resting = (before: number) => {
  let [requests, restsUntil] = [0, 0]
  const counts = { expired: 0, throttled: 0 }
  const reply = ({ at, url }: Asked): Reply => {
    if (at < restsUntil) {
      counts.throttled++
      return { status: 503, headers: { "retry-after": String(Math.ceil((restsUntil - at) / 1000)) }, delay: 20 }
    }
    if (at - Number(url.searchParams.get("at")) > 2000) {
      counts.expired++
      return { status: 403, delay: 20 }
    }
    if (++requests % before === 0) {
      counts.throttled++
      restsUntil = at + 3000
      return { status: 503, headers: { "retry-after": "3" }, delay: 20 }
    }
    return { body: "file", delay: 20 }
  }
  return { counts, reply }
}

const downloads = Effect.fnUntraced(function*(platform: FakePlatform, n: number, options: Partial<Options> = {}) {
  const gtStudio = yield* platform.gtStudioWith(options)
  return yield* lapse(Effect.forEach(
    Array.from({ length: n }, (_, at) => `${files}/${at}.json`),
    (url) => Effect.result(gtStudio.download(url)),
    { concurrency: "unbounded" }
  ))
})

describe("a signed link", () => {
  it.effect.each([[3, 20], [10, 60], [40, 200]] as const)(
    "that lives 2 seconds is used in time at a storage that asks for 3 seconds of rest (after %d of %d files)",
    ([before, n]) =>
      Effect.gen(function*() {
        const { counts, reply } = resting(before)
        const platform = new FakePlatform([], (asked) => asked.url.origin === storage ? reply(asked) : link(asked))
        const results = yield* downloads(platform, n)
        strictEqual(results.filter(({ _tag }) => _tag === "Success").length, n)
        assert.isAbove(counts.throttled, 0)
        strictEqual(counts.expired, 0)
      })
  )

  it.effect("is asked for only when the storage has a place for its request", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([], (asked) =>
        asked.url.origin !== storage
          ? link(asked)
          : asked.at - Number(asked.url.searchParams.get("at")) > 2000
          ? { status: 403 }
          : { body: "file", delay: 10_000 })
      const results = yield* downloads(platform, 24, { maxInFlight: 2 })
      assert(results.every(({ _tag }) => _tag === "Success"))
      strictEqual(platform.transport.to("storage.test").length, 24)
      // Those that were asked for before it was known where links lead are asked for once more.
      assert.isAtMost(platform.transport.asked.length, 3 * 24)
    }))

  it.effect("may lead to another storage each time: nothing waits forever", () =>
    Effect.gen(function*() {
      let links = 0
      const platform = new FakePlatform([], (asked) =>
        asked.url.pathname === "/v1/attachments"
          ? link(asked, ++links % 3 === 0 ? storage : other)
          : { body: "file", delay: 500 })
      const results = yield* downloads(platform, 60, { maxInFlight: 1 })
      assert(results.every(({ _tag }) => _tag === "Success"))
    }))

  it.effect("that is refused has its further tries, however often the storage was busy before", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([], (asked) => {
        if (asked.url.origin !== storage) return link(asked)
        const nth = platform.transport.to("storage.test").length
        return nth <= 4
          ? { status: 503, headers: { "retry-after": "1" } }
          : nth <= 6
          ? { status: 403 }
          : { body: "file" }
      })
      const [result] = yield* downloads(platform, 1)
      strictEqual(result?._tag, "Success")
    }))
})
