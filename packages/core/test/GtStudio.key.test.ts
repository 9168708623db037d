import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { ConfigProvider, Effect, Exit, Layer, Redacted, Stream } from "effect"
import { inspect } from "node:util"
import * as GtStudio from "../src/GtStudio.ts"
import { api, batchOf, documentUrl, FakePlatform, key, ref, storage } from "./support/fakePlatform.ts"
import { type Asked, FakeTransport } from "./support/fakeTransport.ts"

const hasKey = ({ headers }: Asked) =>
  JSON.stringify(headers).includes(key) || Object.keys(headers).some((name) => name.toLowerCase() === "x-api-key")

const download = (platform: FakePlatform, options: Partial<GtStudio.Options> = {}) =>
  GtStudio.GtStudio.use((gtStudio) => gtStudio.download(documentUrl("b-0"))).pipe(
    Effect.exit,
    Effect.provide(platform.layer({ retry: { retries: 0 }, ...options }))
  )

/** A platform whose attachment endpoint leads along these URLs; the last one gives the file. */
const trail = (hops: ReadonlyArray<string>) =>
  new FakePlatform(
    [batchOf(1)],
    ({ url }) => {
      const at = url.pathname === "/v1/attachments" ? 0 : hops.findIndex((hop) => new URL(hop).href === url.href) + 1
      const next = hops[at]
      return next === undefined ? { body: "file" } : { status: 302, headers: { location: next } }
    }
  )

describe("the key", () => {
  it.effect("goes with every request to the API and with none to the storage", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(5)])
      yield* Effect.gen(function*() {
        const gtStudio = yield* GtStudio.GtStudio
        for (const job of yield* Stream.runCollect(gtStudio.jobSummaries(ref))) {
          const { result } = yield* gtStudio.jobResult("p", job.id)
          yield* gtStudio.download(result ?? "")
        }
      }).pipe(Effect.provide(platform.layer()))
      strictEqual(platform.transport.to("api.test").length, 3 + 5 + 5)
      strictEqual(platform.transport.to("storage.test").length, 5)
      assert(platform.transport.to("api.test").every(({ headers }) => headers["x-api-key"] === key))
      assert(!platform.transport.to("storage.test").some(hasKey))
    }))

  it.effect("sends the storage nothing but a fixed list of headers", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(1)])
      yield* Effect.withSpan(download(platform), "outer")
      deepStrictEqual(platform.transport.to("storage.test").map(({ headers }) => Object.keys(headers).sort()), [
        ["accept", "accept-encoding", "user-agent"]
      ])
    }))

  it.effect("stays behind when a later redirect comes back to the API", () =>
    Effect.gen(function*() {
      const { transport } = yield* follow([`${storage}/away`, `${api}/v1/back`, `${api}/v1/back-again`])
      deepStrictEqual(transport.asked.map(hasKey), [true, false, false, false])
    }))

  it.effect("goes along while redirects stay at the API", () =>
    Effect.gen(function*() {
      const { transport } = yield* follow([`${api}/v1/here`, `${storage}/away`])
      deepStrictEqual(transport.asked.map(hasKey), [true, true, false])
    }))

  for (
    const [what, url] of [
      ["the same host over plain http", "http://api.test/file"],
      ["another port of the same host", "https://api.test:8443/file"],
      ["a subdomain", "https://files.api.test/file"],
      ["a host that begins like the API's", "https://api.test.evil.example/file"],
      ["a URL that names the API as its user", "https://api.test@evil.example/file"]
    ] as const
  ) {
    it.effect(`does not go to ${what}`, () =>
      Effect.gen(function*() {
        const { transport } = yield* follow([url])
        deepStrictEqual(transport.asked.map(hasKey), [true, false])
      }))
  }

  it.effect("goes to the default port whether or not it is written", () =>
    Effect.gen(function*() {
      const { transport } = yield* follow(["https://api.test:443/file"])
      deepStrictEqual(transport.asked.map(hasKey), [true, true])
    }))

  it.effect("is not sent to a storage to which a listing of the API redirects", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([], () => ({ status: 302, headers: { location: `${storage}/listing` } }))
      const exit = yield* GtStudio.GtStudio.use((gtStudio) => Stream.runDrain(gtStudio.pages(ref))).pipe(
        Effect.exit,
        Effect.provide(platform.layer())
      )
      assert(Exit.isFailure(exit))
      strictEqual(platform.transport.to("storage.test").length, 0)
    }))
})

const follow = Effect.fnUntraced(function*(hops: ReadonlyArray<string>) {
  const platform = trail(hops)
  assert(Exit.isSuccess(yield* download(platform)))
  return platform
})

describe("the settings", () => {
  const make = (options: Partial<GtStudio.Options>) =>
    GtStudio.GtStudio.use(() => Effect.void).pipe(
      Effect.provide(new FakePlatform([]).layer(options)),
      Effect.flip
    )

  const accepted = (options: Partial<GtStudio.Options>) =>
    GtStudio.GtStudio.use(() => Effect.void).pipe(Effect.provide(new FakePlatform([]).layer(options)))

  it.effect("refuses plain http to another machine", () =>
    Effect.gen(function*() {
      const error = yield* make({ baseUrl: "http://api.test" })
      strictEqual(error.option, "baseUrl")
      assert.include(error.message, "plain http")
    }))

  it.effect.each(["http://localhost:1234", "http://127.0.0.1:1234", "http://[::1]:1234", "http://sim.localhost"])(
    "allows plain http to %s, which is this machine",
    (baseUrl) => accepted({ baseUrl })
  )

  it.effect.each(["http://127.0.0.1.evil.example", "http://localhost.evil.example", "http://0.0.0.0"])(
    "refuses plain http to %s, which only looks like this machine",
    (baseUrl) => Effect.map(make({ baseUrl }), ({ option }) => strictEqual(option, "baseUrl"))
  )

  it.effect("allows plain http with allowInsecureHttp", () =>
    accepted({ baseUrl: "http://api.test", allowInsecureHttp: true }))

  it.effect.each([
    "https://user:word@api.test",
    "https://api.test/?token=word",
    "https://api.test/#word",
    "word:",
    "word"
  ])(
    "refuses the base URL %s without showing what may be secret",
    (baseUrl) =>
      Effect.map(make({ baseUrl }), (error) => {
        strictEqual(error.option, "baseUrl")
        assert.notInclude(error.message, "word:")
        assert.notInclude(error.message, "word@")
        assert.notInclude(error.message, "=word")
      })
  )

  it.effect.each(["", "   ", "\n"])(
    "refuses the empty key %j",
    (value) =>
      Effect.map(make({ apiKey: Redacted.make(value) }), (error) => {
        strictEqual(error.option, "apiKey")
        assert.include(error.message, "empty")
      })
  )

  it.effect.each(["half\nother-half", "half\r\nx-evil: other-half", "half other-half", "hälf-other-half"])(
    "refuses a key that no header can carry, without showing it (%j)",
    (value) =>
      Effect.map(make({ apiKey: Redacted.make(value) }), (error) => {
        strictEqual(error.option, "apiKey")
        assert.notInclude(JSON.stringify(error) + String(error) + error.message, "half")
      })
  )

  it.effect("takes away the line break that a file ends with", () =>
    Effect.gen(function*() {
      const platform = new FakePlatform([batchOf(1)])
      yield* download(platform, { apiKey: Redacted.make(`${key}\n`) })
      strictEqual(platform.transport.asked[0]?.headers["x-api-key"], key)
    }))

  it.effect.each([0, -1, Number.NaN])("refuses %d as a limit", (value) =>
    Effect.gen(function*() {
      strictEqual((yield* make({ maxInFlight: value })).option, "maxInFlight")
      strictEqual((yield* make({ requestsPerSecond: value })).option, "requestsPerSecond")
    }))

  it.effect.each([-1, Number.NaN, Number.POSITIVE_INFINITY])(
    "refuses %d as any other number or duration",
    (value) =>
      Effect.gen(function*() {
        for (const name of ["headersTimeout", "idleTimeout", "downloadTimeout"] as const) {
          strictEqual((yield* make({ [name]: value })).option, name)
        }
        for (const name of ["base", "cap", "retries", "maxElapsed"] as const) {
          const error = yield* make({ retry: { [name]: value } })
          strictEqual(error.option, `retry.${name}`)
          assert.include(error.message, `Option retry.${name}: must be`)
        }
      })
  )

  it.effect("keeps a path prefix of the base URL, with and without a slash at its end", () =>
    Effect.gen(function*() {
      for (const baseUrl of ["https://api.test/prefix", "https://api.test/prefix/"]) {
        const platform = new FakePlatform([batchOf(1)])
        yield* download(platform, { baseUrl })
        strictEqual(platform.transport.asked[0]?.url.pathname, "/prefix/v1/attachments")
      }
    }))

  it.effect.each(
    [
      [{}, "GT_STUDIO_API_KEY: must be the API key, and is not set"],
      [{ GT_STUDIO_API_KEY: "" }, "GT_STUDIO_API_KEY: must be the API key, and is"],
      [{ GT_STUDIO_API_KEY: "half a key" }, "GT_STUDIO_API_KEY: must be the API key, and has characters"],
      [{ GT_STUDIO_API_KEY: key, GT_STUDIO_BASE_URL: "nowhere" }, "GT_STUDIO_BASE_URL: must be a URL"],
      [{ GT_STUDIO_API_KEY: key, GT_STUDIO_ALLOW_HTTP: "maybe" }, "GT_STUDIO_ALLOW_HTTP: must be true or false"]
    ] as const
  )("name the variable that cannot be used: %j", ([env, sentence]) =>
    Effect.gen(function*() {
      const layer = GtStudio.layerConfig().pipe(
        Layer.provide([new FakeTransport(() => "never").layer, new FakePlatform([]).spool.layer]),
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))
      )
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.include(error.message, sentence)
      assert.notInclude(error.message, "\n")
      assert.notInclude(error.message, "half")
      strictEqual(inspect(error), `OptionError: ${error.message}`)
    }))

  it.effect.each([undefined, "text", Redacted.make(undefined), Redacted.make(7)])(
    "refuse %j as a key",
    (value) =>
      Effect.gen(function*() {
        const error = yield* make({ apiKey: value as unknown as Redacted.Redacted })
        strictEqual(error.option, "apiKey")
        assert.notInclude(error.message, "text,")
      })
  )

  it.effect("come from the environment", () =>
    Effect.gen(function*() {
      const transport = new FakeTransport(() => ({ body: { data: { batches: [] }, success: true } }))
      const layer = GtStudio.layerConfig().pipe(
        Layer.provide(transport.layer),
        Layer.provide(new FakePlatform([]).spool.layer),
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({
          env: { GT_STUDIO_API_KEY: key, GT_STUDIO_BASE_URL: "https://other.test" }
        })))
      )
      yield* GtStudio.GtStudio.use((gtStudio) => gtStudio.project("p")).pipe(Effect.provide(layer))
      strictEqual(transport.asked[0]?.url.href, "https://other.test/v1/projects/p/details")
      strictEqual(transport.asked[0]?.headers["x-api-key"], key)
    }))
})
