import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { temporaryFolder } from "../support/program.ts"
import { unfinishedWorld as world } from "../support/world.ts"

describe("settings", () => {
  it.live("come from the file, the environment and flags, each over the one before", () =>
    Effect.gen(function*() {
      const { cwd, labelstream } = yield* world({
        batches: [{ id: "file", jobs: 1 }, { id: "env", jobs: 2 }, { id: "flag", jobs: 3 }]
      })
      writeFileSync(
        join(cwd, "labelstream.json"),
        `// a comment\n{ "batches": ["file"], "to": ["files:out", { "sink": "sqlite", "file": "l.db", "documents": "off" }], }`
      )
      const file = yield* labelstream(["export"])
      assert.match(file.stdout, /Batch file: 1 job [^]*in files:out, sqlite:l.db/, file.stderr)
      assert.match((yield* labelstream(["export"], { GT_STUDIO_BATCH_ID: "env" })).stdout, /Batch env: 2 jobs /)
      const flag = yield* labelstream(["export", "--batch", "flag"], { GT_STUDIO_BATCH_ID: "env" })
      assert.match(flag.stdout, /^Batch flag: 3 jobs /)
      assert.notInclude(flag.stdout, "Batch env")
    }))

  it.live("of a TypeScript file are taken too, and its paths start from its own folder", () =>
    Effect.gen(function*() {
      const { cwd, labelstream } = yield* world()
      const elsewhere = yield* temporaryFolder
      writeFileSync(join(elsewhere, "package.json"), `{ "type": "module" }`)
      writeFileSync(
        join(elsewhere, "nightly.ts"),
        `import type { Config } from "@labelstream/cli"\nexport default { batches: ["b"], to: ["files:out"] } satisfies Config`
      )
      const ended = yield* labelstream(["export", "--config", join(elsewhere, "nightly.ts")])
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.includeMembers(readdirSync(elsewhere), ["out", ".labelstream"])
      assert.notInclude(readdirSync(cwd), "out")
    }))

  it.live("that cannot be used are all reported at once, each with its place, and without the value of a key", () =>
    Effect.gen(function*() {
      const { cwd, labelstream } = yield* world()
      writeFileSync(
        join(cwd, "labelstream.json"),
        `{ "batches": [""], "concurency": 3, "apiKey": "canary-1c", "to": ["out"] }`
      )
      const ended = yield* labelstream(["export", "--limit", "0"], { LABELSTREAM_CONCURRENCY: "many" })
      assert.strictEqual(ended.status, 1)
      for (
        const said of [
          "6 settings are wrong",
          "--limit 0: expected a whole number from 1",
          "LABELSTREAM_CONCURRENCY: expected",
          "labelstream.json: batches[0]: expected the id of a batch",
          "labelstream.json: concurency: there is no such setting",
          "labelstream.json: apiKey: the API key belongs in GT_STUDIO_API_KEY",
          "labelstream.json: to[0]: "
        ]
      ) assert.include(ended.stderr, said)
      assert.notInclude(ended.stderr, "canary")
      writeFileSync(join(cwd, "labelstream.json"), `{\n  "batches" ["b"]\n}`)
      assert.match(
        (yield* labelstream(["export"])).stderr,
        /labelstream.json is not JSON:\n- line 2, column 13: colon expected/
      )
    }))

  it.live("hold the key in a file that the environment names", () =>
    Effect.gen(function*() {
      const { cwd, labelstream, simulator } = yield* world()
      writeFileSync(join(cwd, "key"), `${simulator.apiKey}\n`)
      const env = { GT_STUDIO_API_KEY: "", GT_STUDIO_API_KEY_FILE: "key" }
      assert.strictEqual((yield* labelstream(["batches"], env)).status, 0)
      const lost = yield* labelstream(["batches"], { ...env, GT_STUDIO_API_KEY_FILE: "lost" })
      assert.match(lost.stderr, /cannot be read from lost, which GT_STUDIO_API_KEY_FILE names: ENOENT/)
    }))
})

describe("labelstream init", () => {
  for (const [flags, file] of [[[], "labelstream.json"], [["--ts"], "labelstream.config.ts"]] as const) {
    it.live(`writes ${file}, which can be used once the ids are filled in, and writes over nothing`, () =>
      Effect.gen(function*() {
        const { cwd, labelstream, simulator } = yield* world()
        writeFileSync(join(cwd, "package.json"), `{ "type": "module" }`)
        assert.strictEqual((yield* labelstream(["init", ...flags])).status, 0)
        const again = yield* labelstream(["init", ...flags])
        assert.strictEqual(again.status, 1)
        assert.match(again.stderr, /exists\. To overwrite it, run: labelstream init --force/)
        const text = readFileSync(join(cwd, file), "utf8")
        writeFileSync(
          join(cwd, file),
          text.replace(`["..."]`, `["b"]`).replace(`"..."`, JSON.stringify(simulator.projectId))
        )
        const ended = yield* labelstream(["export"], { GT_STUDIO_PROJECT_ID: "" })
        assert.strictEqual(ended.status, 0, ended.stderr)
        assert.match(ended.stdout, /11 exported[^]*in files:output/)
      }))
  }
})
