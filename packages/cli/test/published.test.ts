import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, inject } from "vitest"
import { platform, runAlone, temporaryFolder } from "./support/program.ts"

/** The package as it is published, but that its modules only say that they were asked. */
const folder = mkdtempSync(join(tmpdir(), "labelstream-published-"))
const command = join(folder, "dist", "command")

beforeAll(() => {
  cpSync(inject("published"), folder, { recursive: true, verbatimSymlinks: true })
  writeFileSync(join(folder, "dist", "bin.js"), `console.log("as modules:", ...process.argv.slice(2))`)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("the published command", () => {
  it.live("has help, and exports with the sinks that come with it, out of its own files", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const help = yield* runAlone(["export", "--help"], { cwd, folder })
      assert.include(help.stdout, "--to KIND:TARGET", help.stderr)
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 12 }] })
      const to = ["files:out", "sqlite:l.db", "parquet:data"].flatMap((target) => ["--to", target])
      writeFileSync(join(cwd, "labelstream.json"), `{ "batches": ["b"], /* a comment */ }`)
      const env = platform(simulator)
      const exported = yield* runAlone(["export", ...to, "--otlp", "http://127.0.0.1:1"], { cwd, env, folder })
      assert.match(exported.stdout, /Complete: nothing is missing in files:out, sqlite:l.db, parquet:data\n$/)
      const verified = yield* runAlone(["verify"], { cwd, env, folder })
      assert.match(verified.stdout, /^12 jobs intact, 0 missing/)
      const report = yield* runAlone(["report"], { cwd, env, folder })
      assert.match(report.stdout, /^Wrote labelstream-report.html/, report.stderr)
    }), 60_000)

  it.live("loads no foreign sink, and hands such a command over to its modules", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 3 }] })
      writeFileSync(join(cwd, "mine.mjs"), `throw new Error("loaded")`)
      const lines = [
        ["export", "--batch", "b", "--to", "files:out", "--to", "./mine.mjs:place"],
        ["plan", "--batch", "b", "--to", "./mine.mjs:place"],
        ["check", "--to", "./mine.mjs:place"]
      ]
      for (const line of lines) {
        const { status, stderr, stdout } = yield* runAlone(line, { cwd, env: platform(simulator), folder })
        assert.deepStrictEqual([status, stdout, stderr], [0, `as modules: ${line.join(" ")}\n`, ""])
      }
      assert.deepStrictEqual(readdirSync(cwd), ["mine.mjs"])
      assert.deepStrictEqual(Object.values((yield* simulator.report).requests).filter((count) => count > 0), [])
      mkdirSync(join(cwd, "node_modules", "labelstream-sink-mine"), { recursive: true })
      assert.strictEqual((yield* runAlone(["sinks"], { cwd, folder })).stdout, "as modules: sinks\n")
    }), 60_000)

  it("loads 1 KB before it turns on the cache of compiled code, and 1 byte per character", () => {
    const entry = readFileSync(join(command, "labelstream.js"), "utf8")
    const files = Array.from(entry.matchAll(/^import .*from "\.\/(.*)";$/gm), ([, file]) => file!)
    for (const file of files) assert.isBelow(readFileSync(join(command, file), "utf8").length, 1000, file)
    assert.isAtLeast(files.length, 1)
    for (const file of readdirSync(command).filter((name) => name.endsWith(".js"))) {
      assert.notMatch(readFileSync(join(command, file), "utf8"), /[^\0-\x7f]/, file)
    }
  })

  it("names whose work is in it", () => {
    const text = readFileSync(join(command, "THIRD-PARTY.txt"), "utf8")
    for (const name of ["effect", "undici", "hyparquet-writer"]) assert.match(text, new RegExp(`^${name}$`, "m"))
    assert.notInclude(text, "labelstream")
    assert(!existsSync(join(command, "bin.js")))
  })
})
