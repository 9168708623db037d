import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { HtmlReport } from "../src/index.ts"
import { everything, failure } from "./support/everything.ts"
import { jpeg, png, webp } from "./support/images.ts"
import { freshLedger, maskedVideo, noteRun, rectangles, sinkWith, type TestJob, video } from "./support/stored.ts"

const pageOf = (jobs: ReadonlyArray<TestJob>, options: HtmlReport.Options = {}, given = jobs) =>
  Effect.provide(Effect.andThen(noteRun(jobs), HtmlReport.make({ sinks: [sinkWith(given)], ...options })), freshLedger)

/** The page without its own styles. */
const bodyOf = (page: string) => page.slice(page.indexOf("</style>"))

/** Every tag and comment that a browser would see, by its name. */
const tagsOf = (page: string) => new Set(Array.from(page.matchAll(/<([^\s>]*)/g), ([, name]) => name))

describe("text from a server", () => {
  it.effect("makes no tag, attribute, or character reference anywhere", () =>
    Effect.gen(function*() {
      const hostile = `"'><script>alert(1)</script><svg/onload=alert(2)><!--&lt;]]></style></title>`
      const [harmless, page] = [yield* pageOf(everything("x")), yield* pageOf(everything(hostile), { title: hostile })]
      assert.deepStrictEqual(tagsOf(bodyOf(page)), tagsOf(bodyOf(harmless)))
      assert.include(page, "&lt;script&gt;alert(1)&lt;/script&gt;")
      assert.include(page, "&amp;lt;")
    }))

  it.effect.prop(
    "keeps the structure of the page, whatever it is",
    [Schema.String],
    ([text]) =>
      Effect.gen(function*() {
        const body = bodyOf(yield* pageOf(everything(text), { title: text }))
        assert.deepStrictEqual(tagsOf(body), tagsOf(bodyOf(yield* pageOf(everything("x")))))
        assert.notMatch(body, /[[\p{Cc}\u2028-\u202e\u2066-\u2069]--[\t\n]]/v)
        assert.isTrue(body.isWellFormed())
      }),
    { arbitrary: { runs: 30 } }
  )

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
  it.effect("says so if there is nothing, and if no sink can return its jobs", () =>
    Effect.gen(function*() {
      const nothing = yield* pageOf([])
      assert.include(nothing, "Nothing exported yet")
      assert.notInclude(nothing, "NaN")
      const closed = yield* pageOf([{ id: "1" }], { sinks: [] })
      assert.include(closed, "None of the sinks can read its jobs back, so this page has no labels and no drawings")
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
        assert.match(value, /^(#|data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/=]+$)/)
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
      assert.strictEqual(count(/<table role="table">/g), count(/<caption>/g))
      const drawings = Array.from(page.matchAll(/<svg [^>]*>/g), ([tag]) => tag)
      assert.isTrue(drawings.every((tag) => /aria-hidden="true"|role="img" aria-label="[^"]+"/.test(tag)))
    }))

  it.effect("draws at most the requested number of jobs", () =>
    Effect.gen(function*() {
      const jobs = Array.from({ length: 5 }, (_, i) => ({ id: `${i}`, document: rectangles(["Car"]) }))
      for (const [gallery, drawn] of [[0, 0], [2, 2], [60, 5]] as const) {
        const page = yield* pageOf(jobs, { gallery })
        assert.strictEqual(Array.from(page.matchAll(/<article/g)).length, drawn, String(gallery))
      }
    }))
})

describe("a stored image", () => {
  const withImage = (id: string, image: Uint8Array): TestJob => ({ id, document: rectangles(["Car"]), files: [image] })
  const images = (page: string) =>
    Array.from(page.matchAll(/<img class="below" [^>]*src="data:([^;]*);/g), ([, mediaType]) => mediaType)
  const sizes = (page: string) =>
    Array.from(page.matchAll(/<svg class="draw" width="(\d+)" height="(\d+)"/g), ([, ...size]) => size.map(Number))

  it.effect("is below the shapes, in its own proportions, by what its bytes are", () =>
    Effect.gen(function*() {
      for (
        const [bytes, mediaType, size] of [
          [png(400, 100), "image/png", [520, 130]],
          [jpeg(200, 100), "image/jpeg", [520, 260]],
          [jpeg(200, 100, 8), "image/jpeg", [240, 480]],
          [webp(300, 300), "image/webp", [480, 480]]
        ] as const
      ) {
        const page = yield* pageOf([withImage("1", bytes)])
        assert.deepStrictEqual(images(page), [mediaType])
        assert.deepStrictEqual(sizes(page), [[...size]])
        assert.include(page, "Annotations are drawn on the images that are stored with them.")
      }
    }))

  it.effect("is counted and not shown if it is invalid, too large, or has too many pixels", () =>
    Effect.gen(function*() {
      const page = yield* pageOf([
        withImage("1", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".repeat(9))),
        withImage("2", Buffer.concat([png(200, 100), new Uint8Array(1_100_000)])),
        withImage("3", png(50_000, 25_000))
      ])
      assert.deepStrictEqual(images(page), [])
      assert.include(page, "3 stored images are not shown")
      // Its proportions are known all the same.
      assert.deepStrictEqual(sizes(page).toSorted(([a = 0], [b = 0]) => a - b), [[520, 390], [520, 260], [520, 260]])
    }))

  it.effect("adds a bounded number of bytes to the page, however many there are", () =>
    Effect.gen(function*() {
      const jobs = Array.from({ length: 60 }, (_, i) =>
        withImage(`${i}`, Buffer.concat([png(200, 100), new Uint8Array(900_000)])))
      const page = yield* pageOf(jobs, { gallery: 60 })
      assert.strictEqual(images(page).length, 9)
      assert.include(page, "51 stored images are not shown")
      assert.isBelow(page.length, 12_000_000)
    }))

  it.effect("is below its mask, which lets it through", () =>
    Effect.gen(function*() {
      const page = yield* pageOf([{ id: "1", document: maskedVideo, files: [png(40, 30), png(80, 60)] }])
      assert.deepStrictEqual(images(page), ["image/png"])
      assert.match(page, /<div class="over"><img class="below" [^>]*><img class="mask" [^>]*width="520" height="390"/)
    }))

  it.effect("that is missing leaves its proportions, if a size is stored", () =>
    Effect.gen(function*() {
      const job: TestJob = { id: "1", document: rectangles(["Car"]) }
      const page = yield* pageOf([{ ...job, sizes: [{ width: 1080, height: 1920 }] }])
      assert.deepStrictEqual(sizes(page), [[270, 480]])
      assert.include(page, "The annotations alone are drawn.")
      assert.notInclude(page, "four to three")
      assert.include(yield* pageOf([job]), "four to three")
    }))

  it.effect("has its class below it, and no box around it", () =>
    Effect.gen(function*() {
      const page = yield* pageOf([{ id: "1", document: { category: "street at night" } }])
      assert.match(page, /<ul class="classes"><li><b><bdi>street at night<\/bdi><\/b><\/li><\/ul>/)
      assert.deepStrictEqual(sizes(page), [])
    }))
})
