// Tries the packages as a new user would: with nothing but the tarballs, the npm registry, an empty HOME, and the guides
// docs/extend/write-a-sink.md and docs/extend/write-a-format.md. Makes a sink and a dataset format, runs their kits, packs
// them, and exports with all sinks by name.
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { blocksOf } from "../packages/create-sink/test/support/guide.ts"
import { root, tarballs } from "./tarballs.ts"

const folder = mkdtempSync(join(tmpdir(), "labelstream-trial-"))
const home = join(folder, "home")
const outside = (path: string) => !resolve(path).startsWith(`${root}/`)
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
  HOME: home,
  PATH: [dirname(process.execPath), ...(process.env["PATH"] ?? "").split(":").filter(outside)].join(":")
}

const started = performance.now()
const run = (cwd: string, command: string, ...args: ReadonlyArray<string>) => {
  const output = execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: "pipe", timeout: 300_000 })
  const seconds = ((performance.now() - started) / 1000).toFixed(0).padStart(4)
  console.log(`${seconds} s: ${[command, ...args].join(" ").replaceAll(folder, "").slice(0, 100)}`)
  return output
}
const must = (holds: boolean, what: string) => {
  if (!holds) throw new Error(what)
}

const byName = `
import { Export, GtStudio, LedgerMemory, SinkPlugin } from "@labelstream/core"
import { NodeSpool, NodeTransport } from "@labelstream/node"
import { Simulator } from "@labelstream/simulator"
import { Effect, Layer, Redacted } from "effect"

const options = {
  files: { directory: "output/files" },
  sqlite: { file: "output/labels.sqlite" },
  parquet: { directory: "output/parquet" },
  shelf: { directory: "output/shelf" },
  lines: { directory: "output/lines" }
}
const program = Effect.gen(function*() {
  const { apiKey, apiUrl, projectId } = yield* Simulator.start({ batches: [{ id: "batch", jobs: 100 }] })
  const platform = GtStudio.layer({ apiKey: Redacted.make(apiKey), baseUrl: apiUrl }).pipe(
    Layer.provide([NodeTransport.layer(), NodeSpool.layer({ directory: "output/spool" })])
  )
  const sinks = yield* Effect.forEach(Object.entries(options), ([name, of]) => SinkPlugin.load(name, of))
  return yield* Export.run({ batches: [{ projectId, batchId: "batch" }], sinks }).pipe(
    Effect.provide([platform, LedgerMemory.layer])
  )
})
const { batches, complete } = await Effect.runPromise(Effect.scoped(program))
console.log(complete, batches[0].exported)
`

const byCommand = `
import { Simulator } from "@labelstream/simulator"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { promisify } from "node:util"

const labelstream = async (simulator, ...args) => {
  const env = {
    ...process.env,
    GT_STUDIO_API_KEY: simulator.apiKey,
    GT_STUDIO_BASE_URL: simulator.apiUrl,
    GT_STUDIO_PROJECT_ID: simulator.projectId,
    GT_STUDIO_BATCH_ID: "batch"
  }
  const { stdout } = await promisify(execFile)("npx", ["labelstream", ...args, "--json"], { env })
  return JSON.parse(stdout)
}
const program = Effect.gen(function*() {
  const simulator = yield* Simulator.start({ batches: [{ id: "batch", jobs: 100 }] })
  // The bundled command runs the first export. The second one loads sinks with their own dependencies.
  for (const to of [["files:out"], ["files:out", "shelf:shelf", "lines:lines"]]) {
    const args = to.flatMap((target) => ["--to", target])
    const { complete, sinks } = yield* Effect.promise(() => labelstream(simulator, "export", ...args))
    console.log(complete, sinks.map(({ stored }) => stored).join(" "))
  }
  const { intact, missing } = yield* Effect.promise(() => labelstream(simulator, "verify", "--to", "files:out"))
  console.log(intact, missing)
})
await Effect.runPromise(Effect.scoped(program))
`

try {
  mkdirSync(home)
  const files = Object.fromEntries(tarballs(folder).map(({ filename, name }) => [name, filename]))
  const install = (cwd: string, ...names: ReadonlyArray<string>) =>
    run(
      cwd,
      "npm",
      "install",
      "--no-audit",
      "--no-fund",
      "--save-dev",
      ...names.map((name) => files[`@labelstream/${name}`] ?? name)
    )

  /** Follows a guide: lays out the package, checks, tests, and builds it, and runs its export. Returns its tarball. */
  const follow = (kind: "sink" | "format", name: string, needs: ReadonlyArray<string>, test: ReadonlyArray<string>) => {
    const create = [`--package=${files["@labelstream/create-sink"]}`, "--", "create-sink", name]
    run(folder, "npm", "exec", "--yes", ...create, ...kind === "format" ? ["--format"] : [])
    const at = join(folder, `labelstream-sink-${name}`)
    for (const [path, shown] of Object.entries(blocksOf(kind))) {
      const text = shown.replaceAll("shelf", name)
      if (path === "export.ts") writeFileSync(join(at, path), text)
      else must(readFileSync(join(at, path), "utf8") === text, `${path} is not what the guide shows`)
    }
    install(at, ...needs)
    run(at, "npm", "run", "check")
    run(at, "npm", "test", ...test)
    run(at, "npm", "run", "build")
    const said = run(at, "node", "export.ts")
    must(/100 jobs listed = 100 exported/.test(said), "the guide's export is not complete")
    run(at, "npm", "pack")
    return join(at, readdirSync(at).find((file) => file.endsWith(".tgz"))!)
  }
  // The tests check the slow rules. F01 shows that the kit's own processes find their modules.
  const quick = ["--", "--testNamePattern", "L0|W01|S0|A0|F0|P02|O0"]
  const own = [
    follow("sink", "shelf", ["core", "storage", "sink-testkit", "node", "simulator"], quick),
    follow("format", "lines", ["core", "storage", "dataset", "node", "simulator"], [])
  ]

  const app = join(folder, "app")
  mkdirSync(app)
  writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, type: "module" }))
  writeFileSync(join(app, "by-name.js"), byName)
  const sinks = ["sink-files", "sink-sqlite", "sink-parquet", "sink-postgres", "dataset", ...own]
  install(app, "core", "storage", "node", "simulator", "report", "cluster", "cli", ...sinks, "effect")
  must(run(app, "node", "by-name.js") === "true 100\n", "an export by names is not complete")
  const listed = run(app, "npx", "labelstream", "sinks")
  for (const name of ["shelf", "lines"]) {
    must(listed.includes(`labelstream-sink-${name} 0.1.0\n`), `the command does not find ${name}`)
  }
  writeFileSync(join(app, "by-command.js"), byCommand)
  const said = run(app, "node", "by-command.js")
  must(/^true 100\ntrue \d+ 100 100\n100 0\n$/.test(said), `an export by the command is not complete: ${said}`)
} catch (error) {
  const { stderr = "", stdout = "" } = error as { readonly stderr?: string; readonly stdout?: string }
  console.error(stdout, stderr)
  throw error
} finally {
  rmSync(folder, { recursive: true, force: true })
}
