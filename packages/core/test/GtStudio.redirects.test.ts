import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Fiber, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { api, batchOf, documentUrl, FakePlatform, files, signature, storage } from "./support/fakePlatform.ts"
import type { Handler } from "./support/fakeTransport.ts"

const download = (platform: FakePlatform, url = documentUrl("b-0")) =>
  platform.gtStudio.pipe(
    Effect.flatMap((gtStudio) => gtStudio.download(url)),
    Effect.flatMap(({ collect }) => collect),
    Effect.map((bytes) => Buffer.from(bytes).toString("utf8"))
  )

/** A platform whose attachment endpoint answers this; every other URL as `elsewhere` says. */
const attachment = (reply: ReturnType<Handler>, elsewhere: Handler = () => ({ body: "file" })) =>
  new FakePlatform([batchOf(1)], (asked) => asked.url.pathname === "/v1/attachments" ? reply : elsewhere(asked))

describe("redirects", () => {
  it.effect.each([301, 302, 303, 307, 308])("follows HTTP %d", (status) =>
    Effect.gen(function*() {
      const platform = attachment({ status, headers: { location: `${storage}/signed` } })
      strictEqual(yield* download(platform), "file")
    }))

  it.effect("follows a relative Location, from the URL that returned it", () =>
    Effect.gen(function*() {
      const platform = attachment({ status: 302, headers: { location: "/moved/file?x=1" } }, ({ url }) =>
        url.pathname === "/moved/file" ? { status: 302, headers: { location: "other" } } : { body: url.href })
      strictEqual(yield* download(platform), `${api}/moved/other`)
    }))

  it.effect("keeps a signed URL's query byte for byte", () =>
    Effect.gen(function*() {
      const location = `${storage}/a%20b/c+d?X-Sig=a%2Bb/c%3D%3d&X-Date=2020+01&e=%F0%9F%99%82`
      const platform = attachment({ status: 302, headers: { location } })
      yield* download(platform)
      strictEqual(platform.transport.urls[1], location)
    }))

  it.effect.each([["UTF-8", "utf8", "/%C3%A9%E2%82%AC?n=%C3%BC"], ["latin1", "latin1", "/%E9?n=%FC"]] as const)(
    "follows a Location of raw %s byte for byte",
    ([, encoding, path]) =>
      Effect.gen(function*() {
        const raw = `${storage}/é${encoding === "utf8" ? "€" : ""}?n=ü`
        // A header as HTTP clients give it: each character one byte.
        const location = Buffer.from(raw, encoding).toString("latin1")
        const platform = attachment({ status: 302, headers: { location } })
        yield* download(platform)
        strictEqual(platform.transport.urls[1], `${storage}${path}`)
      })
  )

  it.effect("follows five of them, and no more", () =>
    Effect.gen(function*() {
      const hops = (n: number) =>
        attachment({ status: 302, headers: { location: `${storage}/1` } }, ({ url }) => {
          const at = Number(url.pathname.slice(1))
          return at < n ? { status: 302, headers: { location: `${storage}/${at + 1}` } } : { body: "file" }
        })
      strictEqual(yield* download(hops(5)), "file")
      const platform = hops(6)
      const error = yield* Effect.flip(download(platform))
      assert(error._tag === "GtStudioError")
      strictEqual(error.reason._tag, "BadRedirect")
      strictEqual(platform.transport.asked.length, 6)
    }))

  it.effect("ends a redirect that leads to itself", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(download(attachment({ status: 302, headers: { location: "" } })))
      assert(error._tag === "GtStudioError")
      strictEqual(error.reason._tag, "BadRedirect")
    }))

  for (
    const [what, location] of [
      ["without Location", undefined],
      ["with a Location that is no URL", "https://[/?sig=secret-word"],
      ["to a file", "file:///etc/secret-word"],
      ["to data", "data:text/plain,secret-word"],
      ["to ftp", "ftp://host/secret-word"]
    ] as const
  ) {
    it.effect(`refuses a redirect ${what}, and does not try again`, () =>
      Effect.gen(function*() {
        const platform = attachment({ status: 302, headers: location === undefined ? {} : { location } })
        const error = yield* Effect.flip(download(platform))
        assert(error._tag === "GtStudioError")
        strictEqual(error.reason._tag, "BadRedirect")
        assert(!error.isRetryable)
        assert.notInclude(error.message, "secret-word")
        strictEqual(platform.transport.asked.length, 1)
      }))
  }

  it.effect("releases the connection of every redirect before the next request", () =>
    Effect.gen(function*() {
      let open = 0
      const platform = attachment({ status: 302, headers: { location: `${storage}/signed` }, body: "x" }, () => {
        open = platform.transport.open
        return { body: "file" }
      })
      yield* download(platform)
      strictEqual(open, 1)
      strictEqual(platform.transport.open, 0)
    }))

  it.effect("takes a file that the API returns without a redirect", () =>
    Effect.gen(function*() {
      strictEqual(yield* download(attachment({ body: "file" })), "file")
    }))
})

describe("the URL of an attachment", () => {
  for (
    const url of [
      "https://files.test/fff.jpg&text=Dummy+Image+1",
      "https://files.test/a b?x=1&y=2+3%20%2B#end",
      "http://files.test/ünï/文字.json?q='\"",
      "not a URL at all",
      "../../v1/projects"
    ]
  ) {
    it.effect(`is one parameter, however it looks: ${url}`, () =>
      Effect.gen(function*() {
        const platform = attachment({ body: "file" })
        yield* download(platform, url)
        const asked = platform.transport.asked[0]!.url
        assert.match(asked.search, /^\?url=[^&+#]*$/)
        strictEqual(asked.hash, "")
        deepStrictEqual(Array.from(asked.searchParams), [["url", url]])
        strictEqual(asked.pathname, "/v1/attachments")
      }))
  }

  it.effect("is refused as BadRequest, without a request, if it cannot be percent-encoded", () =>
    Effect.gen(function*() {
      const platform = attachment({ body: "file" })
      const gtStudio = yield* platform.gtStudio
      const half = `${files}/\ud800.png`
      const error = yield* Effect.flip(gtStudio.resolve(half))
      strictEqual(error.reason._tag, "BadRequest")
      deepStrictEqual(yield* Effect.flip(gtStudio.download(half)), error)
      deepStrictEqual(yield* Effect.flip(Stream.runDrain(gtStudio.attachment(half))), error)
      strictEqual(platform.transport.asked.length, 0)
    }))
})

describe("resolve", () => {
  const resolve = (platform: FakePlatform) =>
    Effect.flatMap(platform.gtStudio, (gtStudio) => gtStudio.resolve(documentUrl("b-0")))

  it.effect("returns the signed URL, redacted, without a request to the storage", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(1)])
      const url = yield* resolve(platform)
      strictEqual(Redacted.value(url).searchParams.get("sig"), signature)
      assert.notInclude(`${JSON.stringify(url)} ${inspect(url)}`, signature)
      strictEqual(platform.transport.to("storage.test").length, 0)
    }))

  it.effect("continues while redirects stay at the API", () =>
    Effect.gen(function*() {
      const platform = attachment({ status: 302, headers: { location: "/v1/other" } }, () => ({
        status: 302,
        headers: { location: `${storage}/signed` }
      }))
      strictEqual(Redacted.value(yield* resolve(platform)).href, `${storage}/signed`)
    }))

  it.effect("fails if there is no file, as a download does", () =>
    Effect.gen(function*() {
      const platform = attachment({ status: 400, body: { error: { code: "FS_0007" }, success: false } })
      const fiber = yield* Effect.forkChild(Effect.flip(resolve(platform)))
      yield* TestClock.adjust("1 minute")
      strictEqual((yield* Fiber.join(fiber)).reason._tag, "AttachmentMissing")
    }))
})
