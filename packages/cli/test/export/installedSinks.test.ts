import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { runAlone } from "../support/program.ts"
import { world } from "../support/world.ts"

describe("sinks of the command", () => {
  it.live("are loaded by name if installed in the folder, or from a file, with the command's own copies of their peers", () =>
    Effect.gen(function*() {
      const { cwd, env } = yield* world()
      // As published, the command hands over to its modules for this.
      const labelstream = (args: ReadonlyArray<string>) => runAlone(args, { cwd, env })
      const source = (name: string) => `
        import { MemorySink, SinkPlugin } from "@labelstream/core/sink"
        import * as Schema from "effect/Schema"
        export default SinkPlugin.define({
          name: ${JSON.stringify(name)},
          version: "1.0.0",
          options: Schema.Struct({ url: Schema.String, size: Schema.optionalKey(Schema.Int) }),
          make: ({ url }) => MemorySink.make({ id: "${name}:" + url })
        })`
      const folder = join(cwd, "node_modules", "labelstream-sink-installed")
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, "package.json"), `{ "type": "module", "exports": { "import": "./index.js" } }`)
      writeFileSync(join(folder, "index.js"), source("installed"))
      writeFileSync(join(cwd, "mine.mjs"), source("mine"))
      // The folder has its own copies of the peers, as after an install of the sink alone.
      for (const peer of ["effect", "@labelstream/core"]) {
        const copy = join(cwd, "node_modules", peer)
        mkdirSync(copy, { recursive: true })
        writeFileSync(join(copy, "package.json"), `{ "type": "module", "exports": { "./*": "./copy.js" } }`)
        writeFileSync(join(copy, "copy.js"), `throw new Error("a second copy of ${peer} was loaded")`)
      }
      const ended = yield* labelstream([
        "export",
        "--batch",
        "b",
        "--to",
        "installed:memory://there",
        "--to",
        "./mine.mjs:memory://here"
      ])
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.match(ended.stdout, /Stored 12 jobs, .*: installed:memory:\/\/there\n/)
      assert.match(ended.stdout, /Stored 12 jobs, .*: mine:memory:\/\/here\n/)
      const listed = yield* labelstream(["sinks"])
      assert.match(
        listed.stdout,
        /^--to labelstream-sink-installed:URL +labelstream-sink-installed 1\.0\.0$/m
      )
      assert.match(listed.stdout, /^--to files:DIRECTORY +@labelstream\/sink-files /m)
      const details = yield* labelstream(["sinks", "installed"])
      assert.match(
        details.stdout,
        /^labelstream-sink-installed \(labelstream-sink-installed 1\.0\.0\)\n {2}--to labelstream-sink-installed:URL\n {2}url \(required\)/
      )
    }))

  it.live("are shown one by one, with their options and what a format keeps", () =>
    Effect.gen(function*() {
      const { labelstream } = yield* world()
      const { status, stdout } = yield* labelstream(["sinks", "mot"])
      assert.strictEqual(status, 0)
      assert.match(
        stdout,
        /^mot \(@labelstream\/dataset\/mot [^]*\n {2}split: [^]*\n {2}keeps rectangle, track ids\n {2}approximates turned rectangle \(written as its extent\)/
      )
      assert.notInclude(stdout, "yolo")
      const unknown = yield* labelstream(["sinks", "yollo"])
      assert.strictEqual(unknown.status, 1)
      assert.match(unknown.stderr, /^There is no sink yollo\. Did you mean yolo\?/)
    }))
})
