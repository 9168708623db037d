import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Logger, References, Stream, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import type { Reason } from "../src/GtStudioError.ts"
import { TransportError } from "../src/Transport.ts"
import { batchOf, documentUrl, error, FakePlatform, key, ok, ref, signature, storage } from "./support/fakePlatform.ts"
import type { Handler } from "./support/fakeTransport.ts"

const atFile = (reply: ReturnType<Handler>): FakePlatform["override"] => ({ url }) =>
  url.origin === storage ? reply : undefined
const signed = `${storage}/file?X-Amz-Signature=${signature}&key=${key}`
const echo = `key ${key} of ${signed} is not right; storage.test/file?sig=${signature}`

/** Each makes one kind of failure, with answers that repeat the key and the signed link wherever they can. */
const failures: Record<Exclude<Reason["_tag"], "NotReplayable">, ReadonlyArray<FakePlatform["override"]>> = {
  InvalidKey: [() => error(401, "auth-failure", echo), () => ({ status: 401, body: echo })],
  Forbidden: [() => error(403, "unauthorized", echo)],
  NotFound: [() => error(400, "resource_error", echo), () => ({ status: 404, body: echo })],
  BadRequest: [
    () => error(400, "GE_0002", echo),
    () => error(400, echo, echo),
    () => error(400, key, key),
    () => error(200, "ODD", echo.repeat(500)),
    () => ({ status: 302, headers: { location: signed } })
  ],
  Throttled: [() => ({ status: 429, body: echo }), atFile({ status: 429, body: echo })],
  ServerError: [
    () => error(400, "FS_0000", echo),
    () => ({ status: 500, body: echo }),
    atFile({ status: 500, body: echo })
  ],
  ConnectionFailed: [
    () => new TransportError({ failure: "Connect", code: "ECONNREFUSED" }),
    atFile({ body: "x", breaks: "Truncated" })
  ],
  MalformedResponse: [
    () => ({ body: echo }),
    () => ok({ jobs: [{ id: 5, status: [signed] }], status: { [key]: signed } }),
    () => ok({ jobs: signed, result: [key] })
  ],
  NotTheFile: [
    atFile({ body: `<html>${echo}</html>` }),
    atFile({ body: `<Error><Code>${key}</Code><Message>${echo}</Message></Error>` }),
    atFile({ body: "" })
  ],
  RepeatedPageToken: [
    ({ url }) => url.pathname.includes("/batch/") ? ok({ jobs: [], next_page_token: key }) : undefined
  ],
  BadRedirect: [
    atFile({ status: 302, headers: { location: `ftp://x/${signature}?${key}` } }),
    atFile({ status: 302, headers: { location: signed } }),
    atFile({ status: 302 })
  ],
  SignedUrlRejected: [atFile({ status: 403, body: `<Error>${echo}</Error>` })],
  AttachmentMissing: [atFile({ status: 404, body: echo })]
}

/** Does everything that can fail, and gathers every text that comes of it. */
const gather = Effect.fnUntraced(function*(platform: FakePlatform) {
  const gtStudio = yield* platform.gtStudio
  const texts: Array<string> = []
  const tags = new Set<string>()
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const logger = Logger.make((entry) => {
    texts.push(inspect(entry.message, { depth: 20 }), Cause.pretty(entry.cause))
  })
  const url = `${documentUrl("b-0")}&sig=${signature}`
  const run = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.exit(Effect.withSpan(
        Effect.tapCause(effect, (cause) => Effect.logError("failed", cause)),
        "outer"
      )))
      yield* TestClock.adjust("10 minutes")
      const exit = yield* Fiber.join(fiber)
      if (Exit.isSuccess(exit)) return
      const failure = Cause.squash(exit.cause)
      texts.push(
        Cause.pretty(exit.cause),
        String(exit.cause),
        JSON.stringify(exit),
        String(failure),
        JSON.stringify(failure),
        inspect(failure, { depth: 20, showHidden: true }),
        (failure as Error).message,
        (failure as Error).stack ?? ""
      )
      tags.add((failure as { readonly reason?: Reason }).reason?._tag ?? "defect")
    })
  yield* Effect.all([
    run(gtStudio.project("p")),
    run(Stream.runDrain(gtStudio.jobSummaries(ref))),
    run(gtStudio.jobResult("p", "j")),
    run(gtStudio.resolve(url)),
    run(Effect.scoped(gtStudio.download(url))),
    run(Stream.runDrain(gtStudio.attachment(url)))
  ]).pipe(
    Effect.withTracer(tracer),
    Effect.provideService(References.MinimumLogLevel, "All"),
    Effect.provide(Logger.layer([logger]))
  )
  for (const span of spans) {
    texts.push(inspect([span.name, Array.from(span.attributes), span.events, span.status], { depth: 20 }))
  }
  texts.push(inspect(yield* gtStudio.activity, { depth: 20 }), inspect(gtStudio, { depth: 20, showHidden: true }))
  return { tags, texts }
})

describe("neither the key nor a signed link", () => {
  for (const [reason, overrides] of Object.entries(failures)) {
    overrides.forEach((override, index) => {
      it.effect(`appears when the response is ${reason} (${index + 1})`, () =>
        Effect.gen(function*() {
          const { tags, texts } = yield* gather(new FakePlatform([batchOf(1)], override))
          assert(tags.has(reason), `made: ${Array.from(tags).join(", ")}`)
          assert(!tags.has("defect"))
          for (const text of texts) {
            assert.notInclude(text, key)
            assert.notInclude(text, signature)
          }
        }))
    })
  }

  it.effect("appears in a failure's URL, whatever the result names", () =>
    Effect.gen(function*() {
      const gtStudio = yield* new FakePlatform([], () => ({ status: 404 })).gtStudio
      for (
        const url of [
          `https://user:${key}@files.test/x.json?${signature}#${signature}`,
          `files.test/x.json?sig=${signature}`,
          `//[/x?${signature}`,
          `https://files.test:99999/x?${signature}`
        ]
      ) {
        const failure = yield* Effect.flip(gtStudio.resolve(url))
        assert.notInclude(inspect(failure, { depth: 20 }), key)
        assert.notInclude(inspect(failure, { depth: 20 }), signature)
        assert.include(failure.message, "/x")
      }
    }))
})
