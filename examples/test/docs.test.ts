/** The documentation is true where a machine can tell: code compiles, commands and links exist, no page is lost. */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { docstrings, type Page, pages, root } from "./support/pages.ts"

const require = createRequire(import.meta.url)
const cache = join(root, "node_modules", ".cache")

/** The template's subject, from a file so many folders below the one of all blocks. */
const template = (depth: number) => `${"../".repeat(depth + 3)}packages/create-sink/template/test/subject.ts`

/** Neighbors that examples import, as a reader has them. */
const neighbors: Readonly<Record<string, readonly [file: string, text: string]>> = {
  "packages/core/src/SinkPlugin.ts": [
    "MySink.ts",
    `import type { JobSink } from "@labelstream/core"
import type { Redacted } from "effect"
export declare const make: (options: { readonly url: string; readonly token: Redacted.Redacted }) => JobSink.JobSink`
  ],
  "packages/sink-testkit/README.md": ["subject.ts", `export * from "${template(1)}"`],
  "packages/sink-testkit/src/SinkConformance.ts": ["support/subject.ts", `export * from "${template(2)}"`]
}

/** Writes each block as a file of a folder for its page: one that names its file gets that name. */
const writeBlocks = (folder: string, { blocks, path }: Page) => {
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  for (const [index, { file, language, text, where }] of blocks.entries()) {
    // The place of the block is in a comment on its first line, so that lines keep their numbers.
    if (language === "ts") write(file ?? `block${index}.ts`, `/* ${where} */ ${text}\nexport {}\n`)
  }
  const neighbor = neighbors[path]
  if (neighbor !== undefined) write(...neighbor)
}

describe("code in the documentation", () => {
  it("type-checks, in pages, READMEs, and docstrings", () => {
    mkdirSync(cache, { recursive: true })
    const folder = mkdtempSync(join(cache, "docs-"))
    try {
      const shown = [...pages, ...docstrings].filter(({ blocks }) => blocks.some(({ language }) => language === "ts"))
      assert.isAbove(shown.length, 20)
      for (const [at, page] of shown.entries()) writeBlocks(join(folder, String(at)), page)
      writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
      writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({
          extends: join(root, "tsconfig.test.json"),
          compilerOptions: {
            noUnusedLocals: false,
            noUnusedParameters: false,
            paths: {
              "@labelstream/core/sink": [join(root, "packages/core/src/sink.ts")],
              "@labelstream/*": [join(root, "packages/*/src/index.ts")]
            }
          },
          include: ["."]
        })
      )
      const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc")
      const { stdout } = spawnSync(process.execPath, [tsc, "--pretty", "false"], { cwd: folder, encoding: "utf8" })
      const places = stdout.replaceAll(/^(\d+\/[^(]+)\((\d+),/gm, (_, file: string, line: string) => {
        const [, where] = /^\/\* (.*?) \*\//.exec(readFileSync(join(folder, file), "utf8")) ?? []
        return `${where}, line ${line} of the block (`
      })
      assert.strictEqual(places, "")
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it("is JSON where it says so", () => {
    for (const { blocks } of pages) {
      for (const { language, text, where } of blocks) {
        if (language !== "json") continue
        try {
          JSON.parse(text)
        } catch {
          for (const line of text.trim().split("\n")) assert.doesNotThrow(() => JSON.parse(line), undefined, where)
        }
      }
    }
  })
})

/** Flags by command, and whether they take a value: what the command itself says when a shell asks for completions. */
const flagsOf = (): Map<string, Map<string, boolean>> => {
  const bin = join(root, "packages", "cli", "src", "bin.ts")
  const script = execFileSync(process.execPath, [bin, "--completions", "fish"], { encoding: "utf8" })
  const commands = new Map<string, Map<string, boolean>>()
  for (const line of script.split("\n")) {
    const [, command] = /__fish_seen_subcommand_from ([\w-]+)/.exec(line) ?? []
    if (command === undefined) continue
    const flags = commands.get(command) ?? new Map<string, boolean>()
    commands.set(command, flags)
    const [, flag] = / -l ([\w-]+) /.exec(line) ?? []
    if (flag !== undefined) flags.set(`--${flag}`, / -r\b/.test(line))
  }
  return commands
}

const globals = new Map([
  ["--help", false],
  ["--version", false],
  ["--log-level", true],
  ["--completions", true]
])

/** The lines of a shell block without comments, joined where they continue. */
const linesOf = (text: string) =>
  text.replaceAll("\\\n", " ").split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim())

const shown = pages.flatMap(({ blocks }) =>
  blocks.flatMap(({ language, text, where }) => language === "sh" ? linesOf(text).map((line) => ({ line, where })) : [])
)

describe("commands in the documentation", () => {
  it("have flags that labelstream has", () => {
    const commands = flagsOf()
    const wrong: Array<string> = []
    let checked = 0
    for (const { line, where } of shown) {
      for (const [, call = ""] of line.matchAll(/(?:^|&& |\w=\S+ )(?:labelstream|npm run labelstream --) ([^|>&]*)/g)) {
        const [name = "", ...args] = call.trim().replaceAll(/"[^"]*"/g, "TEXT").split(/\s+/)
        if (name === "..." || globals.has(name)) continue
        const flags = commands.get(name)
        if (flags === undefined) wrong.push(`${where}: no command ${name}`)
        for (let at = 0; flags !== undefined && at < args.length; at++) {
          const arg = args[at]!
          const takesValue = flags.get(arg) ?? globals.get(arg)
          if (arg === "...") continue
          if (takesValue === undefined && (arg.startsWith("-") || name !== "stop")) {
            wrong.push(`${where}: ${name} does not take ${arg}`)
          }
          if (takesValue === true && (args[++at] ?? "-").startsWith("-")) wrong.push(`${where}: ${arg} takes a value`)
        }
        checked++
      }
    }
    assert.deepStrictEqual(wrong, [])
    assert.isAbove(checked, 40)
  })

  it("have scripts that the repository has", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }
    for (const { line, where } of shown) {
      if (where.startsWith("docs/extend/")) continue
      const [, name] = /^npm run (?:--silent )?([\w:-]+)/.exec(line) ?? []
      if (name !== undefined) assert.property(scripts, name, where)
    }
  })
})

describe("pages", () => {
  const outside = (text: string) => text.replaceAll(/```[\s\S]*?```/g, "")
  const anchors = (path: string) =>
    Array.from(
      outside(readFileSync(path, "utf8")).matchAll(/^#+ (.*)$/gm),
      ([, heading = ""]) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-")
    )

  it("link to files and headings that exist", () => {
    for (const { path, text } of pages) {
      for (const [, file = "", hash = ""] of outside(text).matchAll(/\]\((?!https?:)([^)\s#]*)(#[^)\s]*)?\)/g)) {
        const to = file === "" ? join(root, path) : join(root, dirname(path), file)
        assert.isTrue(existsSync(to), `${path} links to ${file}`)
        if (hash !== "") assert.include(anchors(to), hash.slice(1), `${path} links to ${file}${hash}`)
      }
    }
  })

  it("are all in the list of pages, once", () => {
    const index = pages.find(({ path }) => path === "docs/README.md")!
    const listed = Array.from(index.text.matchAll(/^- \[[^\]]+\]\(([^)#]+)\)/gm), ([, file = ""]) => `docs/${file}`)
    const found = pages.map(({ path }) => path).filter((path) => path.startsWith("docs/") && path !== index.path)
    assert.deepStrictEqual(listed.toSorted(), found.toSorted())
  })
})
