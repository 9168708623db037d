import { assert, layer } from "@effect/vitest"
import axe from "axe-core"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { HtmlReport } from "../src/index.ts"
import { Browser, evaluated, open } from "./support/browser.ts"
import { everything, failure } from "./support/everything.ts"
import { exif } from "./support/images.ts"
import { freshLedger, noteRun, rectangles, sinkWith, type TestJob } from "./support/stored.ts"

const pageOf = (jobs: ReadonlyArray<TestJob>, title?: string) =>
  Effect.provide(
    Effect.andThen(
      noteRun(jobs),
      HtmlReport.make({ sinks: [sinkWith(jobs)], gallery: 60, ...(title === undefined ? {} : { title }) })
    ),
    freshLedger
  )

const mask = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64"
)

const fixtures = join(import.meta.dirname, "..", "..", "core", "test", "fixtures")

/** A job of each kind that is documented, and some of everything else. */
const allKinds = [
  ...readdirSync(fixtures).map((name): TestJob => ({
    id: name,
    referenceId: name.replace(".json", ""),
    document: readFileSync(join(fixtures, name), "utf8"),
    ...(name === "image_segmentation.json" ? { files: [mask] } : {})
  })),
  ...everything("\u81ea\u884c\u8eca ".repeat(40))
]

const payloads = [
  "<script>window.pwned = 1; alert(1)</script>",
  "\"><img src=x onerror=\"window.pwned=1\">",
  "' onmouseover='window.pwned=1' x='",
  "</title></style></svg><svg onload=window.pwned=1>",
  "<a href=\"javascript:window.pwned=1\">x</a>",
  "<!--",
  "]]>",
  "</bdi></code></td></table>",
  "<meta http-equiv=refresh content=0;url=https://evil.test>",
  "<link rel=stylesheet href=https://evil.test/a.css>",
  "<iframe srcdoc='<script>parent.pwned=1</script>'>",
  "<foreignObject><body onload=window.pwned=1>",
  "&#60;script&#62;window.pwned=1&#60;/script&#62;"
]

layer(Browser.layer, { timeout: 120_000 })("in a browser", (it) => {
  it.effect("nothing that comes from a server runs, or loads anything", () =>
    Effect.gen(function*() {
      const jobs = payloads.flatMap((text, i) =>
        everything(text).map((job) => ({ ...job, id: `${i}${job.id}`, files: [Buffer.from(text.repeat(9))] }))
      )
      const html = yield* pageOf(jobs, payloads.join(""))
      const { asked, page, said } = yield* open(html)
      yield* evaluated(
        page,
        `for (const found of document.querySelectorAll("svg, img, bdi, details")) {
        for (const type of ["mouseover", "load", "error", "toggle"]) found.dispatchEvent(new Event(type))
      }`
      )
      assert.isUndefined(yield* evaluated(page, "window.pwned"))
      assert.deepStrictEqual(said, [])
      assert.isTrue(
        asked.every((url, at) => at === 0 ? url.startsWith("file:") : url.startsWith("data:")),
        asked.join()
      )
      assert.strictEqual(
        yield* evaluated(page, "document.querySelectorAll('script, iframe, link, foreignObject, [onload]').length"),
        0
      )
      assert.include(String(yield* evaluated(page, "document.querySelector('h1').textContent")), payloads[0] ?? "?")
    }))

  it.effect("a script would not run even if one got into the page", () =>
    Effect.gen(function*() {
      const html = yield* pageOf([])
      const hole = "<script>window.pwned=1</script><img src=x onerror=window.pwned=1><style>h1{display:none}</style>"
      const { loaded, page } = yield* open(html.replace("<main", `${hole}<main`))
      assert.isUndefined(yield* evaluated(page, "window.pwned"))
      assert.strictEqual(loaded.length, 1)
      assert.notStrictEqual(yield* evaluated(page, "getComputedStyle(document.querySelector('h1')).display"), "none")
    }))

  for (const colorScheme of ["light", "dark"] as const) {
    it.effect(`the page can be read by everyone (${colorScheme}): contrast, names, order, keyboard`, () =>
      Effect.gen(function*() {
        const { page } = yield* open(yield* pageOf(allKinds), { colorScheme })
        yield* evaluated(page, `${axe.source}; for (const one of document.querySelectorAll("details")) one.open = true`)
        const violations = yield* evaluated(
          page,
          "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))"
        )
        assert.deepStrictEqual(violations, [])
        const paper = String(yield* evaluated(page, "getComputedStyle(document.body).backgroundColor"))
        assert.strictEqual(paper, colorScheme === "light" ? "rgb(244, 246, 248)" : "rgb(15, 19, 23)")
      }))
  }

  it.effect("it never is wider than the screen, down to 320 pixels", () =>
    Effect.gen(function*() {
      const html = yield* pageOf(allKinds)
      for (const width of [320, 768, 1600]) {
        const { page } = yield* open(html, { width })
        const over = yield* evaluated(page, "document.documentElement.scrollWidth - innerWidth")
        assert.isAtMost(Number(over), 0, `${width} pixels`)
      }
    }))

  it.effect("on a phone, tables keep every cell, each with the name of its column", () =>
    Effect.gen(function*() {
      const jobs = [...allKinds, { id: "failed", failed: failure("it is gone"), document: "" }]
      const { page } = yield* open(yield* pageOf(jobs), { width: 390 })
      yield* evaluated(page, `for (const one of document.querySelectorAll("details")) one.open = true`)
      const cells = yield* evaluated(
        page,
        `Array.from(document.querySelectorAll("td[data-column]:not(:empty)"), (cell) => {
          const { right, width } = cell.getBoundingClientRect()
          return [width > 0 && right <= 390, getComputedStyle(cell, "::before").content.includes(cell.dataset.column)]
        })`
      )
      assert.isAbove((cells as ReadonlyArray<unknown>).length, 50)
      for (const cell of cells as ReadonlyArray<ReadonlyArray<boolean>>) assert.deepStrictEqual(cell, [true, true])
    }))

  it.effect("it can be used with the keyboard alone", () =>
    Effect.gen(function*() {
      const { page } = yield* open(yield* pageOf(allKinds))
      const press = (key: string) => Effect.promise(() => page.keyboard.press(key))
      yield* press("Tab")
      assert.strictEqual(yield* evaluated(page, "document.activeElement.textContent"), "Skip to the content")
      yield* press("Enter")
      assert.strictEqual(yield* evaluated(page, "location.hash"), "#overview")
      yield* evaluated(page, "document.querySelector('summary').focus()")
      yield* press("Enter")
      assert.isTrue(yield* evaluated(page, "document.querySelector('details').open"))
    }))

  it.effect("a job of every kind is drawn", () =>
    Effect.gen(function*() {
      const { page } = yield* open(yield* pageOf(allKinds))
      const drawn = yield* evaluated(
        page,
        `Array.from(document.querySelectorAll("article"), (one) => one.querySelector("h3").textContent + " " +
          Array.from(one.querySelectorAll("svg.draw, img.mask")).filter((found) => found.getBoundingClientRect().width > 90).length)`
      )
      for (
        const name of [
          "image_annotation_rectangle",
          "image_annotation_polygon",
          "image_annotation_line",
          "image_annotation_landmark",
          "image_annotation_cuboid",
          "image_segmentation",
          "point_cloud_annotation_3d",
          "point_cloud_2d_3d_linking"
        ]
      ) {
        assert.isTrue((drawn as ReadonlyArray<string>).some((text) => new RegExp(`^${name} [1-9]`).test(text)), name)
      }
      assert.isTrue(yield* evaluated(page, "document.querySelector('img.mask').naturalWidth === 1"))
    }))

  it.effect("shapes lie right on an image that the browser turns", () =>
    Effect.gen(function*() {
      // Twice as wide as high as it is stored, its upper left quarter red.
      const { page: maker } = yield* open("<canvas width=80 height=40></canvas>")
      const drawn = yield* evaluated(
        maker,
        `const canvas = document.querySelector("canvas"), pen = canvas.getContext("2d")
        pen.fillStyle = "blue"
        pen.fillRect(0, 0, 80, 40)
        pen.fillStyle = "red"
        pen.fillRect(0, 0, 40, 20)
        canvas.toDataURL("image/jpeg", 0.9).split(",")[1]`
      )
      const stored = Buffer.from(String(drawn), "base64")
      // Turned by its orientation, the red quarter is the upper right one, or the lower left one.
      for (const [orientation, x, y] of [[6, 0.75, 0.25], [8, 0.25, 0.75]] as const) {
        const image = Buffer.concat([stored.subarray(0, 2), exif(orientation), stored.subarray(2)])
        const { page } = yield* open(yield* pageOf([{ id: "1", document: rectangles(["Car"]), files: [image] }]))
        const seen = yield* evaluated(
          page,
          `const image = document.querySelector("img.below")
          const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 80 })
          const pen = canvas.getContext("2d")
          const boxOf = (found) => Object.values(found.getBoundingClientRect().toJSON()).map(Math.round).join()
          image.decode().then(() => {
            pen.drawImage(image, 0, 0, 40, 80)
            const [red, , blue] = pen.getImageData(${40 * x}, ${80 * y}, 1, 1).data
            return [red > 200 && blue < 50, boxOf(image) === boxOf(document.querySelector(".over svg"))]
          })`
        )
        assert.deepStrictEqual(seen, [true, true], `orientation ${orientation}`)
        const form = yield* evaluated(page, "document.querySelector('.over svg').getAttribute('viewBox')")
        assert.strictEqual(form, "0 0 240 480")
      }
    }))
})
