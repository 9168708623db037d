import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Effect, Exit } from "effect"
import { batchOf, documentUrl, error, FakePlatform, ok, storage } from "./support/fakePlatform.ts"
import type { Reply } from "./support/fakeTransport.ts"
import { lapse } from "./support/time.ts"

const html = "<!doctype html><html><body><h1>Bad gateway</h1></body></html>"

const never = "never"
const few = "few"
const budget = "budget"
const tries = { never: 1, few: 3, budget: 9 }

const jobError = Effect.fnUntraced(function*(reply: Reply) {
  const platform = new FakePlatform([], () => reply)
  const gtStudio = yield* platform.gtStudio
  const failure = yield* lapse(Effect.flip(gtStudio.jobResult("p", "j")))
  return { failure, asked: platform.transport.asked.length }
})

const fileError = Effect.fnUntraced(function*(reply: Reply, atStorage: boolean) {
  const platform = new FakePlatform(
    [batchOf(1)],
    ({ url }) => (url.origin === storage) === atStorage ? reply : undefined
  )
  const gtStudio = yield* platform.gtStudio
  const failure = yield* lapse(Effect.flip(gtStudio.download(documentUrl("b-0"))))
  assert(failure._tag === "GtStudioError")
  return failure
})

/** The documented table: code, reason, how long it is tried, whether access is refused. */
const codes = [
  ["auth-failure", "InvalidKey", never, true],
  ["core.webutil.token_auth", "InvalidKey", never, true],
  ["unauthorized_request", "InvalidKey", never, true],
  ["unauthorized", "Forbidden", never, true],
  ["core.webutil.auther", "Forbidden", never, true],
  ["resource_error", "NotFound", never, false],
  ["FS_0006", "NotFound", never, false],
  ["FS_0000", "ServerError", budget, false],
  ["FS_0008", "ServerError", budget, false],
  ["api_error", "ServerError", budget, false],
  ["FS_0007", "AttachmentMissing", few, false],
  ["FS_0001", "BadRequest", never, false],
  ["FS_0002", "BadRequest", never, false],
  ["FS_0003", "BadRequest", never, false],
  ["FS_0004", "BadRequest", never, false],
  ["FS_0005", "BadRequest", never, false],
  ["FS_00011", "BadRequest", never, false],
  ["FS_00012", "BadRequest", never, false],
  ["GE_0001", "BadRequest", never, false],
  ["GE_0002", "BadRequest", never, false],
  ["BATCH_CREATION", "BadRequest", never, false],
  ["invalid_request_error", "BadRequest", never, false],
  ["code_of_tomorrow", "BadRequest", never, false]
] as const

describe("the platform's error codes", () => {
  for (const [code, reason, patience, isRefusal] of codes) {
    for (const status of [400, 200]) {
      it.effect(`${code} with HTTP ${status} is ${reason}`, () =>
        Effect.gen(function*() {
          const { asked, failure } = yield* jobError(error(status, code))
          strictEqual(failure.reason._tag, reason)
          strictEqual(failure.code, code)
          strictEqual(failure.status, status)
          strictEqual(failure.isRetryable, patience !== never)
          strictEqual(failure.isRefusal, isRefusal)
          assert(!failure.isFatal)
          strictEqual(asked, tries[patience])
          strictEqual(failure.attempts, asked)
        }))
    }
  }

  it.effect("say more than the status they come with", () =>
    Effect.gen(function*() {
      strictEqual((yield* jobError(error(401, "core.webutil.auther"))).failure.reason._tag, "Forbidden")
      strictEqual((yield* jobError(error(403, "FS_0000"))).failure.reason._tag, "ServerError")
      strictEqual((yield* jobError(error(404, "auth-failure"))).failure.reason._tag, "InvalidKey")
    }))

  it.effect("are left out if they do not look like codes", () =>
    Effect.gen(function*() {
      for (const code of ["", "x".repeat(500), "https://files.test/?sig=1", "two words", "line\nbreak"]) {
        const { failure } = yield* jobError(error(400, code))
        strictEqual(failure.reason._tag, "BadRequest")
        strictEqual(failure.code, undefined)
      }
    }))
})

describe("the HTTP status", () => {
  for (
    const [status, reason, patience] of [
      [301, "BadRequest", never],
      [400, "BadRequest", never],
      [401, "InvalidKey", never],
      [403, "Forbidden", never],
      [404, "NotFound", never],
      [408, "ServerError", budget],
      [410, "NotFound", never],
      [418, "BadRequest", never],
      [429, "Throttled", budget],
      [443, "ServerError", budget],
      [444, "ServerError", budget],
      [500, "ServerError", budget],
      [502, "ServerError", budget],
      [503, "ServerError", budget],
      [504, "ServerError", budget],
      [520, "ServerError", budget]
    ] as const
  ) {
    for (
      const [what, body] of [["HTML", html], ["nothing", ""], ["JSON of no known shape", [1]], ["{}", {}]] as const
    ) {
      it.effect(`${status} with ${what} is ${reason}`, () =>
        Effect.gen(function*() {
          const { asked, failure } = yield* jobError({ status, body })
          strictEqual(failure.reason._tag, reason)
          strictEqual(failure.status, status)
          strictEqual(asked, tries[patience])
          assert.notInclude(failure.message, "html")
        }))
    }
  }

  it.effect("503 that names a time to wait asks for fewer requests", () =>
    Effect.gen(function*() {
      const { failure } = yield* jobError({ status: 503, headers: { "retry-after": "1" }, body: html })
      strictEqual(failure.reason._tag, "Throttled")
    }))
})

describe("a response of HTTP 200", () => {
  for (
    const [what, body, patience] of [
      ["HTML", html, few],
      ["broken JSON", "{\"data\": {\"jobs\": [", few],
      ["nothing", "", few],
      ["bytes that are not UTF-8", new Uint8Array([0x22, 0xff, 0xfe, 0x22]), few],
      ["a list", [], few],
      ["no data", { success: true }, never],
      ["data of another shape", { data: [], success: true }, never]
    ] as const
  ) {
    it.effect(`with ${what} is malformed, and requested ${tries[patience]} times`, () =>
      Effect.gen(function*() {
        const { asked, failure } = yield* jobError({ body })
        strictEqual(failure.reason._tag, "MalformedResponse")
        strictEqual(asked, tries[patience])
      }))
  }

  it.effect("that says success: false without a code is refused", () =>
    Effect.gen(function*() {
      for (
        const body of [{ success: false }, { success: false, data: { status: "completed" } }, {
          success: false,
          error: {}
        }]
      ) {
        strictEqual((yield* jobError({ body })).failure.reason._tag, "BadRequest")
      }
    }))

  it.effect("that is far too large is malformed, without being read", () =>
    Effect.gen(function*() {
      const { asked, failure } = yield* jobError({ body: new Uint8Array(33 * 1024 * 1024) })
      strictEqual(failure.reason._tag, "MalformedResponse")
      strictEqual(asked, 1)
    }))

  it.effect("with a byte order mark is read", () =>
    Effect.gen(function*() {
      const body = `\uFEFF${JSON.stringify(ok({ status: "completed" }).body)}`
      const gtStudio = yield* new FakePlatform([], () => ({ body })).gtStudio
      strictEqual((yield* gtStudio.jobResult("p", "j")).status, "completed")
    }))
})

describe("a file", () => {
  it.effect("refused by the storage concerns its job alone", () =>
    Effect.gen(function*() {
      for (const status of [401, 403]) {
        const failure = yield* fileError({ status, body: "<Error><Code>AccessDenied</Code></Error>" }, true)
        strictEqual(failure.reason._tag, "SignedUrlRejected")
        assert(!failure.isFatal)
        assert(failure.isRetryable)
      }
    }))

  it.effect("refused by the API concerns its job alone", () =>
    Effect.gen(function*() {
      const forbidden = yield* fileError({ status: 403 }, false)
      strictEqual(forbidden.reason._tag, "Forbidden")
      assert(!forbidden.isFatal)
      const invalid = yield* fileError({ status: 401 }, false)
      strictEqual(invalid.reason._tag, "InvalidKey")
      assert(!invalid.isFatal)
    }))

  it.effect("that the storage does not have is missing", () =>
    Effect.gen(function*() {
      for (const status of [404, 410]) {
        const failure = yield* fileError({ status, body: html }, true)
        strictEqual(failure.reason._tag, "AttachmentMissing")
        strictEqual(failure.attempts, 3)
      }
    }))

  it.effect("is not taken from a response of success: false that comes with HTTP 200", () =>
    Effect.gen(function*() {
      const body = { error: { code: "FS_0007", message: "gone" }, success: false }
      const failure = yield* fileError({ body, headers: { "content-type": "application/json" } }, false)
      strictEqual(failure.reason._tag, "AttachmentMissing")
    }))

  for (
    const [what, body] of [
      ["without a code", { error: { message: "internal trouble" }, success: false }],
      ["with a text for its error", { error: "trouble", success: false }],
      ["with nothing else", { success: false }]
    ] as const
  ) {
    it.effect(`is not taken from a response of success: false ${what}, whatever its media type`, () =>
      Effect.gen(function*() {
        for (const headers of [{}, { "content-type": "text/plain" }, { "content-type": "application/json" }]) {
          strictEqual((yield* fileError({ body, headers }, false)).reason._tag, "BadRequest")
        }
      }))
  }

  it.effect("is not taken from a web page of the API's origin with HTTP 200", () =>
    Effect.gen(function*() {
      for (const body of [html, html.padEnd(2 * 1024 * 1024)]) {
        const failure = yield* fileError({ body, headers: { "content-type": "text/html; charset=utf-8" } }, false)
        strictEqual(failure.reason._tag, "MalformedResponse")
        strictEqual(failure.attempts, 3)
      }
    }))

  it.effect("of the storage may look like an error of the API", () =>
    Effect.gen(function*() {
      const document = { error: { code: "FS_0007", message: "gone" }, success: false }
      const gtStudio = yield* new FakePlatform([{ projectId: "p", batchId: "b", jobs: [{ id: "b-0", document }] }])
        .gtStudio
      const exit = yield* Effect.exit(Effect.flatMap(gtStudio.download(documentUrl("b-0")), ({ collect }) => collect))
      assert(Exit.isSuccess(exit))
      deepStrictEqual(JSON.parse(Buffer.from(exit.value).toString("utf8")), document)
    }))

  it.effect("keeps the media type that the storage names, without parameters", () =>
    Effect.gen(function*() {
      const gtStudio = yield* new FakePlatform([batchOf(1)]).gtStudio
      strictEqual((yield* gtStudio.download(documentUrl("b-0"))).mediaType, "application/json")
    }))
})
