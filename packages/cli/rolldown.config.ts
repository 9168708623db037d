/**
 * Bundles the command into `dist/command`: an export then loads 9 files where its modules are hundreds. The other
 * modules of this package are published as they are, for programs and for sinks that do not come with the command.
 */
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import type { CodeSplittingGroup, OutputChunk, Plugin, RolldownOptions } from "rolldown"

/** Of undici the command uses agents and connectors alone: the whole also loads fetch, caches, WebSocket and mocks. */
const onlyAgents: Plugin = {
  name: "undici: only agents",
  resolveId: (id) => id === "undici" ? "\0undici" : id === "node:http2" ? "\0http2" : null,
  load(id) {
    // undici takes it from here that there is no HTTP/2, which the command never asks for, and which costs as much as the rest.
    if (id === "\0http2") return "export const constants = {}"
    if (id !== "\0undici") return null
    const lib = join(dirname(createRequire(join(import.meta.dirname, "../node/package.json")).resolve("undici")), "lib")
    const used = {
      Agent: "dispatcher/agent.js",
      EnvHttpProxyAgent: "dispatcher/env-http-proxy-agent.js",
      buildConnector: "core/connect.js"
    }
    return Object.entries(used).map(([name, file]) =>
      `export { default as ${name} } from ${JSON.stringify(join(lib, file))}`
    ).join("\n")
  }
}

/** The nearest folder above a file that is a package, or undefined. */
const packageOf = (file: string): { readonly folder: string; readonly name: string } | undefined => {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly name?: string }
      if (name !== undefined) return { folder, name }
    } catch {
      // Not a package's folder.
    }
  }
  return undefined
}

/** Writes down whose work is in the bundle, since their licenses ask for it. Fails if a package has none. */
const licences: Plugin = {
  name: "licences",
  generateBundle(_, bundle) {
    const chunks = Object.values(bundle).filter((file): file is OutputChunk => file.type === "chunk")
    const packages = new Map(
      chunks.flatMap(({ moduleIds }) => moduleIds).filter((id) => id.includes("node_modules")).flatMap((id) => {
        const found = packageOf(id)
        return found === undefined ? [] : [[found.name, found.folder] as const]
      })
    )
    const texts = Array.from(packages).sort(([a], [b]) => a < b ? -1 : 1).map(([name, folder]) => {
      const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file))
      if (licence === undefined) throw new Error(`${name} has no file with its licence`)
      return `${name}\n\n${readFileSync(join(folder, licence), "utf8").trim()}\n`
    })
    this.emitFile({ type: "asset", fileName: "THIRD-PARTY.txt", source: texts.join(`\n${"-".repeat(80)}\n\n`) })
  }
}

/**
 * Puts all that a module of the command imports at once into one chunk, save what an earlier group takes. Not the module
 * itself: while it awaits the simulator, the simulator needs what both import.
 */
const importsOf = (name: string, file: string): CodeSplittingGroup => ({
  debugName: name,
  name: (id, context) => {
    const imports = (of: string) => context.getModuleInfo(of)?.importedIds ?? []
    const reached = new Set(imports(join(import.meta.dirname, "src", "internal", file)))
    for (const at of reached) for (const imported of imports(at)) reached.add(imported)
    return reached.has(id) ? name : null
  }
})

const options: RolldownOptions = {
  input: { labelstream: join(import.meta.dirname, "src", "sealed.ts") },
  platform: "node",
  // A binary belongs to the first, so it is installed as it is; work with the other is handed over to modules.
  external: [/^node:(?!http2)/, "better-sqlite3", "@labelstream/cluster"],
  resolve: { mainFields: ["module", "main"] },
  plugins: [onlyAgents, licences],
  output: {
    dir: join(import.meta.dirname, "dist", "command"),
    cleanDir: true,
    // Loading a file takes a millisecond of CPU. All commands load the second chunk, and most load the third one as well.
    // The first one is small: the start loads it before it turns on the cache of compiled code.
    codeSplitting: {
      groups: [importsOf("start", "start.ts"), importsOf("main", "main.ts"), importsOf("export", "commands/export.ts")]
    },
    chunkFileNames: "[name]-[hash].js",
    // Node.js decodes ASCII in no time, and V8 keeps one byte per character.
    charset: "ascii",
    // Most of Effect's text is documentation. Names and lines stay, for stack traces.
    comments: false
  }
}

export default options
