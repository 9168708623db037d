import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { HtmlReport } from "../src/index.ts"
import { everything, failure } from "./support/everything.ts"
import { freshLedger, noteRun, rectangles, sinkWith, type TestJob, video } from "./support/stored.ts"

const pageOf = (jobs: ReadonlyArray<TestJob>, options: HtmlReport.Options = {}, given = jobs) =>
  Effect.provide(Effect.andThen(noteRun(jobs), HtmlReport.make({ sinks: [sinkWith(given)], ...options })), freshLedger)

/** The page without its own styles. */
const bodyOf = (page: string) => page.slice(page.indexOf("</style>"))

/** Every tag and comment that a browser would see, by its name. */
const tagsOf = (page: string) => new Set(Array.from(page.matchAll(/<([^\s>]*)/g), ([, name]) => name))

describe("text from a server", () => {
  it.effect("makes no tag, attribute or character reference, wherever it stands", () =>
    Effect.gen(function*() {
      const hostile = `"'><script>alert(1)</script><svg/onload=alert(2)><!--&lt;]]></style></title>`
      const [harmless, page] = [yield* pageOf(everything("x")), yield* pageOf(everything(hostile), { title: hostile })]
      assert.deepStrictEqual(tagsOf(bodyOf(page)), tagsOf(bodyOf(harmless)))
      assert.include(page, "&lt;script&gt;alert(1)&lt;/script&gt;")
      assert.include(page, "&amp;lt;")
    }))

  it.effect.prop("keeps the page as it is built, whatever it is", [Schema.String], ([text]) =>
    Effect.gen(function*() {
      const body = bodyOf(yield* pageOf(everything(text), { title: text }))
      assert.deepStrictEqual(tagsOf(body), tagsOf(bodyOf(yield* pageOf(everything("x")))))
      // oxlint-disable-next-line no-control-regex
      assert.notMatch(body, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/)
      assert.isTrue(body.isWellFormed())
    }), { arbitrary: { runs: 30 } })

  it.effect("that turns the direction of writing is shown as its code", () =>
    Effect.gen(function*() {
      const page = yield* pageOf([{ id: "a\u202egnp.exe", failed: failure("\u0000\ud800") }])
      assert.include(page, "a\\u202egnp.exe")
      assert.include(page, "\\u0000\\ud800")
    }))

  it.effect("leaves no signed link and no password in the page", () =>
    Effect.gen(function*() {
      const link = "https://user:canary-1@files.test/a.png?X-Amz-Signature=canary-2&token=canary-3#canary-4"
      const page = yield* pageOf(everything(`see ${link}`), { title: link })
      assert.notInclude(page, "canary")
      assert.include(page, "https://files.test/a.png")
    }))
})

describe("a page", () => {
  it.effect("says so where there is nothing, and where no sink can give its jobs back", () =>
    Effect.gen(function*() {
      const nothing = yield* pageOf([])
      assert.include(nothing, "Nothing exported yet")
      assert.notInclude(nothing, "NaN")
      const closed = yield* pageOf([{ id: "1" }], { sinks: [] })
      assert.include(closed, "None of the sinks given can read its jobs back")
    }))

  it.effect("says where ledger and sink do not agree", () =>
    Effect.gen(function*() {
      const page = yield* pageOf([{ id: "1" }, { id: "2" }], {}, [{ id: "1" }])
      assert.include(page, "The ledger says that 2 jobs are stored, and the test sink holds 1.")
    }))

  it.effect("refers to nothing outside itself", () =>
    Effect.gen(function*() {
      const page = yield* pageOf(everything("x"))
      for (const [, value = ""] of page.matchAll(/\s(?:href|src|srcset|action|data|poster|xlink:href)="([^"]*)"/g)) {
        assert.match(value, /^(#|data:image\/png;base64,)/)
      }
      assert.notMatch(page, /@import|url\(|<link|<script|<iframe|http-equiv="refresh"/)
      assert.include(page, "default-src &#39;none&#39;; style-src &#39;sha256-")
    }))

  it.effect("is the same in whatever order jobs come", () =>
    Effect.gen(function*() {
      const jobs = Array.from({ length: 40 }, (_, i): TestJob => ({
        id: `job ${i}`,
        document: i % 3 === 0
          ? video(["f1", "f2", `f${i}`])
          : i % 5 === 0
          ? { unknown: i }
          : i % 7 === 0
          ? { data: { annotations: { rectangles: [{ label: "Car" }] } } }
          : rectangles(["Car", `label ${i % 7}`])
      }))
      assert.strictEqual(yield* pageOf(jobs), yield* pageOf(jobs, {}, jobs.toReversed()))
    }))

  it.effect("does not grow with the number of jobs, labels, failures and batches, nor of points of a job", () =>
    Effect.gen(function*() {
      const many = (count: number) =>
        Array.from({ length: count }, (_, i) => i).flatMap((i): ReadonlyArray<TestJob> => [
          {
            id: `job ${i}`,
            document: rectangles(Array.from({ length: 200 }, (_, n) => `label ${i}-${n}`.padEnd(90, "x")))
          },
          { id: `failed ${i}`, batchId: `batch ${i}`, failed: { ...failure("y".repeat(5000)), reason: `reason ${i}` } },
          { id: `open ${i}`, unfinished: "pending" }
        ])
      const [some, more] = [yield* pageOf(many(60)), yield* pageOf(many(240))]
      assert.isBelow(more.length, some.length * 1.02)
      assert.isBelow(more.length, 1_000_000)
      assert.match(more, /and 47,970 more labels/)
      assert.match(more, /and 220 more reasons/)
      assert.match(more, /and 191 more batches/)
      assert.match(more, /and 220 more jobs/)
    }))

  it.effect("has one heading of the first order, and a caption for each table", () =>
    Effect.gen(function*() {
      const page = yield* pageOf(everything("x"))
      const count = (found: RegExp) => Array.from(page.matchAll(found)).length
      assert.strictEqual(count(/<h1>/g), 1)
      assert.strictEqual(count(/<table>/g), count(/<caption>/g))
      const drawings = Array.from(page.matchAll(/<svg [^>]*>/g), ([tag]) => tag)
      assert.isTrue(drawings.every((tag) => /aria-hidden="true"|role="img" aria-label="[^"]+"/.test(tag)))
    }))

  it.effect("draws no more jobs than it is asked for", () =>
    Effect.gen(function*() {
      const jobs = Array.from({ length: 5 }, (_, i) => ({ id: `${i}`, document: rectangles(["Car"]) }))
      for (const [gallery, drawn] of [[0, 0], [2, 2], [60, 5], [NaN, 0]] as const) {
        const page = yield* pageOf(jobs, { gallery })
        assert.strictEqual(Array.from(page.matchAll(/<article/g)).length, drawn, String(gallery))
      }
    }))
})
