import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { isFull, scale } from "../../../scripts/testScale.ts"
import { SinkTemplate } from "../src/index.ts"
import { contents, folderInReach, write } from "./support/folders.ts"
import { blocks, strongBlocks } from "./support/guide.ts"
import { node } from "./support/program.ts"

const resolve = createRequire(import.meta.url).resolve
const tool = (name: string, path: string) => join(dirname(resolve(`${name}/package.json`)), path)
const tsc = tool("typescript", "bin/tsc")
const vitest = tool("vitest", "vitest.mjs")

/** A folder with what a guide shows, as somebody would have typed it. */
const typed = (files: Readonly<Record<string, string>>) => Effect.tap(folderInReach, (folder) => write(folder, files))

const passes = Effect.fnUntraced(function*(folder: string, args: ReadonlyArray<string>) {
  const { status, stderr, stdout } = yield* node(folder, args)
  assert.strictEqual(status, 0, `${args.join(" ")}\n${stdout}\n${stderr}`)
  return stdout
})

/** Rules that run processes, wait, or store much: the full matrix checks them too. Each has its own sinks elsewhere. */
const slow = /^(?:[CFPRX]\d\d|W0[27]|A0[68]) /

describe("the guides", () => {
  it("show the files that the generator lays out, to the letter", () => {
    const laidOut = SinkTemplate.files("shelf", "alone")
    for (const [path, text] of Object.entries(blocks)) {
      if (path !== "export.ts") assert.strictEqual(text, laidOut[path], path)
    }
    assert.deepStrictEqual(Object.keys(laidOut).filter((path) => !(path in blocks)), [".gitignore", "README.md"])
  })

  it.live.each([["simple", blocks], ["strong", strongBlocks]] as const)(
    "show a %s sink that keeps every rule that it does not waive",
    ([, files]) =>
      Effect.gen(function*() {
        const folder = yield* typed(files)
        const quick = isFull ? [] : ["-t", ` conformance (?:> )?(?!> |${slow.source.slice(1)})`]
        yield* passes(folder, [vitest, "run", "--reporter=json", "--outputFile=report.json", ...quick])
        const report = JSON.parse(yield* Effect.promise(() => readFile(join(folder, "report.json"), "utf8"))) as {
          readonly testResults: ReadonlyArray<{
            readonly assertionResults: ReadonlyArray<{ readonly status: string; readonly title: string }>
          }>
        }
        const results = report.testResults.flatMap(({ assertionResults }) => assertionResults)
        for (const { status, title } of results) {
          if (status !== "passed" && (isFull || !slow.test(title))) assert.match(title, /^[A-Z]\d\d waived: /)
        }
        assert.isAtLeast(results.filter(({ status }) => status === "passed").length, scale(15, 30))
      }),
    900_000
  )

  it.live("show a simple sink that type-checks, builds, and takes an export by its name", () =>
    Effect.gen(function*() {
      const folder = yield* typed(blocks)
      yield* passes(folder, [tsc, "-p", "test"])
      yield* passes(folder, [tsc])
      assert.include(yield* passes(folder, ["export.ts"]), "100 jobs listed = 100 exported")
      const stored = yield* contents(join(folder, "output"))
      assert.lengthOf(stored.filter((path) => path.endsWith(".json")), 100)
    }), 300_000)

  it.live("show a strong sink that type-checks", () =>
    Effect.gen(function*() {
      yield* passes(yield* typed(strongBlocks), [tsc, "-p", "test"])
    }), 300_000)
})
