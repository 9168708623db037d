import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect } from "effect"
import { TransportError } from "../src/Transport.ts"
import { api, batchOf, FakePlatform, key } from "./support/fakePlatform.ts"
import { connect, type Handler } from "./support/fakeTransport.ts"
import { lapse } from "./support/time.ts"

const customer = "https://customer.test"
const image = `${customer}/a/b.png?X-Sig=a%2Bb&e=1`

const platformOf = (handler: Handler) => new FakePlatform([batchOf(1)], (asked) => handler(asked))

const first = (platform: FakePlatform, url = image) =>
  Effect.flatMap(platform.gtStudio, ({ firstBytes }) => lapse(firstBytes(url)))

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** No key went anywhere, and no connection is held. */
const clean = ({ transport }: FakePlatform) => {
  for (const { headers } of transport.asked) assert.notInclude(JSON.stringify(headers), key)
  strictEqual(transport.open, 0)
}

describe("the first bytes of a file at its own address", () => {
  it.effect("are requested as a range, without the key, and with the full address", () =>
    Effect.gen(function*() {
      const platform = platformOf(() => ({ status: 206, body: "start" }))
      strictEqual(text(yield* first(platform)), "start")
      deepStrictEqual(platform.transport.urls, [image])
      strictEqual(platform.transport.asked[0]!.headers["range"], "bytes=0-65535")
      assert.notProperty(platform.transport.asked[0]!.headers, "x-api-key")
      clean(platform)
    }))

  it.effect("carry no key to the API's own origin either", () =>
    Effect.gen(function*() {
      const platform = platformOf(() => ({ body: "start" }))
      yield* first(platform, `${api}/v1/attachments?url=x`)
      assert.notProperty(platform.transport.asked[0]!.headers, "x-api-key")
      clean(platform)
    }))

  it.effect.each([[200, 65_536], [200, 65_537], [200, 300_000], [206, 200_000], [200, 10]] as const)(
    "are cut at 64 KiB of an answer of HTTP %d with %d bytes, whose connection is given up",
    ([status, size]) =>
      Effect.gen(function*() {
        const body = new Uint8Array(size).map((_, at) => at % 251)
        const platform = platformOf(() => ({ status, body }))
        deepStrictEqual(yield* first(platform), body.slice(0, 65_536))
        clean(platform)
      })
  )

  it.effect("follow redirects to another host, five of them and no more", () =>
    Effect.gen(function*() {
      const hops = (most: number): Handler => ({ url }) => {
        const at = Number(/^\/hop(\d)/.exec(url.pathname)?.[1] ?? 0)
        return at < most
          ? { status: 302, headers: { location: `https://cdn${at}.test/hop${at + 1}?sig=1` } }
          : { status: 206, body: "start" }
      }
      const platform = platformOf(hops(5))
      strictEqual(text(yield* first(platform)), "start")
      strictEqual(platform.transport.asked.at(-1)!.url.href, "https://cdn4.test/hop5?sig=1")
      for (const { headers } of platform.transport.asked) strictEqual(headers["range"], "bytes=0-65535")
      clean(platform)
      const error = yield* Effect.flip(first(platformOf(hops(6))))
      strictEqual(error.reason._tag, "BadRedirect")
    }))

  it.effect("do not follow a redirect to another scheme", () =>
    Effect.gen(function*() {
      const platform = platformOf(() => ({ status: 302, headers: { location: "file:///etc/passwd" } }))
      strictEqual((yield* Effect.flip(first(platform))).reason._tag, "BadRedirect")
      strictEqual(platform.transport.asked.length, 1)
    }))

  it.effect.each(["s3://bucket/a.png", "file:///a.png", "a.png"])(
    "make no request for %s",
    (url) =>
      Effect.gen(function*() {
        const platform = platformOf(() => ({ body: "start" }))
        strictEqual((yield* Effect.flip(first(platform, url))).reason._tag, "BadRequest")
        strictEqual(platform.transport.asked.length, 0)
      })
  )

  it.effect.each([403, 404, 416])("are refused once by HTTP %d", (status) =>
    Effect.gen(function*() {
      const platform = platformOf(() => ({ status }))
      const error = yield* Effect.flip(first(platform))
      deepStrictEqual([error.status, error.attempts, error.isFatal], [status, 1, false])
      strictEqual(platform.transport.asked.length, 1)
      assert.notInclude(error.message, "X-Sig")
    }))

  it.effect("are requested again if that may help", () =>
    Effect.gen(function*() {
      const platform = platformOf(({ nth }) => nth < 3 ? { status: 503 } : { status: 206, body: "start" })
      strictEqual(text(yield* first(platform)), "start")
      strictEqual(platform.transport.asked.length, 3)
    }))

  it.effect.each<[string, Handler]>([
    ["a host that does not answer", () => new TransportError({ failure: "Timeout" })],
    ["a body that stops", () => ({ body: new Uint8Array(100_000), pause: 1e9 })]
  ])("are not waited for without end: %s", ([, handler]) =>
    Effect.gen(function*() {
      const platform = platformOf(handler)
      const gtStudio = yield* platform.gtStudioWith({ retry: { retries: 1 } })
      const error = yield* Effect.flip(lapse(gtStudio.firstBytes(`${customer}/a.png`)))
      strictEqual(error.reason._tag, "ConnectionFailed")
      strictEqual(platform.transport.asked.length, 2)
      clean(platform)
    }))

  it.effect("are not asked for again at a host that could not be reached", () =>
    Effect.gen(function*() {
      const platform = platformOf(({ url }) => url.host === "customer.test" ? connect : { body: "start" })
      const gtStudio = yield* platform.gtStudio
      const error = yield* Effect.flip(lapse(gtStudio.firstBytes(`${customer}/1.png`)))
      strictEqual(error.attempts, 9)
      strictEqual((yield* Effect.flip(gtStudio.firstBytes(`${customer}/2.png`))).reason._tag, "ConnectionFailed")
      strictEqual(platform.transport.asked.length, 9)
      strictEqual(text(yield* gtStudio.firstBytes("https://other.test/1.png")), "start")
    }))
})
