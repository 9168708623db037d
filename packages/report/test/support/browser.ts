/** A real browser out of an npm package: needs nothing that is installed on the machine. */
import chromium from "@sparticuz/chromium"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { type Browser as Playwright, chromium as playwright, type Page } from "playwright-core"

export class Browser extends Context.Service<Browser, Playwright>()("@labelstream/report/test/Browser") {
  static readonly layer = Layer.effect(
    Browser,
    Effect.acquireRelease(
      Effect.promise(async () =>
        playwright.launch({
          executablePath: await chromium.executablePath(),
          args: ["--no-sandbox", "--disable-gpu"],
          timeout: 90_000
        })
      ),
      (browser) => Effect.promise(() => browser.close())
    )
  )
}

/** The view of a page. */
export interface View {
  readonly colorScheme?: "light" | "dark"
  readonly width?: number
}

/** Opens a page as a file, as a person would. `asked` are all URLs that it tried to load, `loaded` those that it did. */
export const open = Effect.fnUntraced(function*(html: string, { colorScheme = "light", width = 1280 }: View = {}) {
  const browser = yield* Browser
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "labelstream-report-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
  )
  const page = yield* Effect.acquireRelease(
    Effect.promise(() => browser.newPage({ colorScheme, viewport: { width, height: 800 } })),
    (page) => Effect.promise(() => page.close())
  )
  const asked: Array<string> = []
  const loaded: Array<string> = []
  const said: Array<string> = []
  page.on("request", (request) => asked.push(request.url()))
  page.on("requestfinished", (request) => loaded.push(request.url()))
  page.on("console", (message) => said.push(message.text()))
  page.on("pageerror", (error) => said.push(error.message))
  page.on("dialog", (dialog) => {
    said.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  const file = join(folder, "report.html")
  yield* Effect.promise(() => writeFile(file, html))
  yield* Effect.promise(() => page.goto(pathToFileURL(file).href, { timeout: 60_000 }))
  return { asked, loaded, page, said }
})

/** What a script in the page would answer. */
export const evaluated = (page: Page, script: string): Effect.Effect<unknown> =>
  Effect.promise(() => page.evaluate(script))
