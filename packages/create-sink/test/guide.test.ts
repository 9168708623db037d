import { assert, describe, it } from "@effect/vitest"
import { FormatKit } from "@labelstream/dataset/testing"
import * as Effect from "effect/Effect"
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { isFull, scale } from "../../../scripts/testScale.ts"
import { SinkTemplate } from "../src/index.ts"
import { contents, folderInReach, write } from "./support/folders.ts"
import { blocksOf, packageOf, page, strongPackage } from "./support/guide.ts"
import { node } from "./support/program.ts"

const resolve = createRequire(import.meta.url).resolve
const tool = (name: string, path: string) => join(dirname(resolve(`${name}/package.json`)), path)
const vitest = tool("vitest", "vitest.mjs")

/** A folder with the packages of all guides, as a reader would have typed them. */
const typed = Effect.tap(
  folderInReach,
  (folder) =>
    Effect.forEach(
      Object.entries({ sink: packageOf("sink"), strong: strongPackage, format: packageOf("format") }),
      ([name, files]) => write(join(folder, name), files)
    )
)

const passes = Effect.fnUntraced(function*(folder: string, args: ReadonlyArray<string>) {
  const { status, stderr, stdout } = yield* node(folder, args)
  assert.strictEqual(status, 0, `${args.join(" ")}\n${stdout}\n${stderr}`)
  return stdout
})

/** What the export of each guide stores, once per job. */
const stores = { sink: /^[^./][^/]*\.json$/, format: /^shelf\/images\// }

/** Rules that run processes, wait, or store much: the full matrix checks them too. Each has its own sinks elsewhere. */
const slow = /^(?:[CFPRX]\d\d|W0[27]|A0[68]) /

describe.each(["sink", "format"] as const)("the guide to a %s", (kind) => {
  it("shows the code that the generator lays out, to the letter", () => {
    const [blocks, laidOut] = [blocksOf(kind), SinkTemplate.files("shelf", "alone", kind)]
    for (const [path, text] of Object.entries(blocks)) {
      if (path !== "export.ts") assert.strictEqual(text, laidOut[path], path)
    }
    const configuration = [".gitignore", "README.md", "package.json", "test/tsconfig.json", "tsconfig.json"]
    assert.deepStrictEqual(Object.keys(laidOut).filter((path) => !(path in blocks)).toSorted(), configuration)
  })
})

describe("the guides", () => {
  it.live(
    "show sinks and a format that type-check, build, and take an export by their names",
    () =>
      Effect.gen(function*() {
        const folder = yield* typed
        // One build for all, on one thread: it reads the types of all packages once.
        const tsc = [tool("typescript", "bin/tsc"), "--build", "--singleThreaded"]
        yield* passes(folder, [...tsc, "sink", "format", "sink/test", "strong/test", "format/test"])
        for (const kind of ["sink", "format"] as const) {
          assert.match(yield* passes(join(folder, kind), ["export.ts"]), /100 jobs listed = 100 exported/)
          const stored = yield* contents(join(folder, kind, "output"))
          assert.lengthOf(stored.filter((path) => stores[kind].test(path)), 100)
        }
      }),
    300_000
  )

  // One run for all, in one process: most of its time goes by before the first test.
  it.live("show sinks and a format that keep every rule that they do not waive", () =>
    Effect.gen(function*() {
      const folder = yield* typed
      const quick = isFull ? [] : ["-t", `^(?!.*(?<! format) conformance (?:> )?${slow.source.slice(1)})`]
      yield* passes(folder, [
        vitest,
        "run",
        "--no-isolate",
        "--maxWorkers=1",
        "--reporter=json",
        "--outputFile=report.json",
        ...quick
      ])
      const report = JSON.parse(yield* Effect.promise(() => readFile(join(folder, "report.json"), "utf8"))) as {
        readonly testResults: ReadonlyArray<{
          readonly name: string
          readonly assertionResults: ReadonlyArray<{ readonly status: string; readonly title: string }>
        }>
      }
      const [sinks, formats] = [["sink", "strong"], ["format"]].map((names) =>
        names.map((name) =>
          report.testResults.flatMap((file) =>
            file.name.startsWith(join(folder, name, "test")) ? file.assertionResults : []
          )
        )
      )
      for (const results of sinks ?? []) {
        for (const { status, title } of results) {
          if (status !== "passed" && (isFull || !slow.test(title))) assert.match(title, /^[A-Z]\d\d waived: /)
        }
        assert.isAtLeast(results.filter(({ status }) => status === "passed").length, scale(15, 30))
      }
      for (const results of formats ?? []) {
        assert.deepStrictEqual(results.filter(({ status }) => status !== "passed"), [])
        assert.isNotEmpty(results)
      }
    }), 900_000)

  it("to a format lists the rules of the kit", () => {
    const found = [...page("format").matchAll(/^\| (F\d\d) +\| (.*?) +\|$/gm)].map(([, id, title]) => [id, title])
    assert.deepStrictEqual(found, [...FormatKit.titles])
  })
})
