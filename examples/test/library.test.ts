/** The library as its README shows it, run as its own program. */
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "..", "..")
const [, snippet = ""] =
  /^```ts\n([\s\S]*?Export\.run[\s\S]*?)^```$/m.exec(readFileSync(join(root, "README.md"), "utf8")) ?? []

/** Runs the snippet with these ids, in a folder from which the packages are found. */
const run = Effect.fnUntraced(function*(
  env: Readonly<Record<string, string>>,
  ids: { readonly projectId: string; readonly batchId: string } = { projectId: "...", batchId: "..." }
) {
  // Node strips no types below node_modules.
  const cache = join(root, "examples", ".vitest")
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => {
      mkdirSync(cache, { recursive: true })
      return mkdtempSync(join(cache, "readme-"))
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  )
  const text = snippet.replace(`{ projectId: "...", batchId: "..." }`, JSON.stringify(ids))
  writeFileSync(join(folder, "export.ts"), text)
  return yield* Effect.callback<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>(
    (resume) => {
      const child = spawn(process.execPath, ["export.ts"], { cwd: folder, env })
      const said = { stdout: "", stderr: "" }
      for (const at of ["stdout", "stderr"] as const) {
        child[at].setEncoding("utf8").on("data", (text: string) => said[at] += text)
      }
      child.on("close", (status) => resume(Effect.succeed({ status, ...said })))
      return Effect.sync(() => child.kill("SIGKILL"))
    }
  )
})

describe("the snippet of the README", () => {
  it.live("says in one line which variable is missing", () =>
    Effect.gen(function*() {
      const { status, stderr, stdout } = yield* run({})
      assert.deepStrictEqual([status, stdout], [1, ""])
      assert.match(stderr, /^GT_STUDIO_API_KEY: must be the API key, and is not set\. [^\n]+\n$/)
    }))

  it.live("exports a batch, and says that nothing is missing", () =>
    Effect.gen(function*() {
      const { apiKey, apiUrl, projectId } = yield* Simulator.start({ batches: [{ id: "b", jobs: 7 }] })
      const env = { GT_STUDIO_API_KEY: apiKey, GT_STUDIO_BASE_URL: apiUrl }
      const { status, stderr, stdout } = yield* run(env, { projectId, batchId: "b" })
      assert.deepStrictEqual([status, stderr], [0, ""])
      assert.match(stdout, /^Batch b: 7 jobs listed = 7 exported [^]+\nComplete\.\n$/)
    }))
})
