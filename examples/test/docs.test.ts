/** Checks that code in the documentation compiles, that its commands, rules, and links exist, and that no page is lost. */
import { assert, describe, it } from "@effect/vitest"
import { SinkConformance } from "@labelstream/sink-testkit"
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { docstrings, type Page, pages, root, shellLines } from "../../scripts/docPages.ts"

const require = createRequire(import.meta.url)
const cache = join(root, "node_modules", ".cache")

/** The template's subject, as seen from a file `depth` folders below the folder of all blocks. */
const template = (depth: number) => `${"../".repeat(depth + 3)}packages/create-sink/template/sink/test/subject.ts`

/** Files that examples import, as a reader has them. */
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

/** Writes each block of a page as a file of a folder, under the name that the page gives it, if any. */
const writeBlocks = (folder: string, { blocks, path }: Page) => {
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  for (const [index, { file, language, text, where }] of blocks.entries()) {
    // A comment on the first line says where the block is, and keeps the line numbers.
    if (language === "ts") write(file ?? `block${index}.ts`, `/* ${where} */ ${text}\nexport {}\n`)
  }
  const neighbor = neighbors[path]
  if (neighbor !== undefined) write(...neighbor)
}

/** The languages of blocks, with what checks them. */
const languages = {
  "": "output, layouts, and crontabs: not checked",
  ts: "type-checked here",
  json: "parsed here",
  sh: "run by the command's tests",
  sql: "run by the tests of tables",
  "sql sqlite": "run by the tests of tables",
  "sql duckdb": "run by the tests of tables",
  python: "needs Python and packages: not checked",
  ini: "needs systemd: not checked",
  dockerfile: "needs Docker: not checked"
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
              "@labelstream/dataset/testing": [join(root, "packages/dataset/src/testing/index.ts")],
              "@labelstream/*": [join(root, "packages/*/src/index.ts")]
            }
          },
          include: ["."]
        })
      )
      const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc")
      const { stdout } = spawnSync(process.execPath, [tsc, "--singleThreaded", "--pretty", "false"], {
        cwd: folder,
        encoding: "utf8"
      })
      const places = stdout.replaceAll(/^(\d+\/[^(]+)\((\d+),/gm, (_, file: string, line: string) => {
        const [, where] = /^\/\* (.*?) \*\//.exec(readFileSync(join(folder, file), "utf8")) ?? []
        return `${where}, line ${line} of the block (`
      })
      assert.strictEqual(places, "")
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }, 600_000)

  it("is in a language that a test checks, or that needs another program", () => {
    const found = new Set(pages.flatMap(({ blocks }) => blocks.map(({ language }) => language)))
    for (const language of found) assert.property(languages, language)
  })

  it("is valid JSON in json blocks", () => {
    for (const { blocks } of pages) {
      for (const { language, text, where } of blocks) {
        if (language !== "json") continue
        try {
          JSON.parse(text)
        } catch {
          for (const line of text.trim().split("\n")) {
            assert.doesNotThrow(() => JSON.parse(line), undefined, undefined, where)
          }
        }
      }
    }
  })
})

/** Flags by command, and whether they take a value, from the completions of the command. */
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

const shown = pages.flatMap(({ blocks }) =>
  blocks.flatMap(({ language, text, where }) =>
    language === "sh" ? shellLines(text).map((line) => ({ line, where })) : []
  )
)

/** A call of the command in a line: after variables or another command, before a pipe or a redirection. */
const call = /(?:^|&& |\w=\S+ )(?:labelstream|npm run labelstream --) ([^|>&]*)/g
const quoted = /"[^"]*"/g

/** The mistakes in a call. Only `stop` takes a word that is not a flag; `...` stands for other words. */
const wrong = (
  commands: ReadonlyMap<string, ReadonlyMap<string, boolean>>,
  [name = "", ...args]: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const flags = commands.get(name)
  if (flags === undefined) return [`no command ${name}`]
  const takesValue = (flag: string | undefined) => flags.get(flag ?? "") ?? globals.get(flag ?? "")
  return args.flatMap((arg, at) => {
    const isValue = takesValue(args[at - 1]) === true
    if (arg === "..." || isValue && !arg.startsWith("-")) return []
    if (isValue) return [`${args[at - 1]} takes a value`]
    if (takesValue(arg) === true && at === args.length - 1) return [`${arg} takes a value`]
    return takesValue(arg) !== undefined || name === "stop" && !arg.startsWith("-")
      ? []
      : [`${name} does not take ${arg}`]
  })
}

describe("commands in the documentation", () => {
  it("have flags that labelstream has", () => {
    const commands = flagsOf()
    const calls = shown.flatMap(({ line, where }) =>
      Array.from(line.matchAll(call), ([, words = ""]) => ({ where, words: words.trim().replaceAll(quoted, "TEXT") }))
    ).map(({ where, words }) => ({ where, args: words.split(/\s+/) }))
      .filter(({ args: [name = ""] }) => name !== "..." && !globals.has(name))
    assert.deepStrictEqual(
      calls.flatMap(({ args, where }) => wrong(commands, args).map((text) => `${where}: ${text}`)),
      []
    )
    assert.isAbove(calls.length, 40)
  }, 300_000)

  it("have scripts that the repository has", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }
    for (const { line, where } of shown) {
      if (where.startsWith("docs/extend/")) continue
      const [, name] = /^npm run (?:--silent )?([\w:-]+)/.exec(line) ?? []
      if (name !== undefined) assert.property(scripts, name, where)
    }
  })
})

describe("the sink contract", () => {
  it("lists the rules of the kit", () => {
    const { text } = pages.find(({ path }) => path === "docs/extend/sink-contract.md")!
    const listed = Array.from(text.matchAll(/^\| ([A-Z]\d\d) +\| (.*?) +\|$/gm), ([, id, title]) => ({ id, title }))
    assert.deepStrictEqual(listed, SinkConformance.rules.map(({ id, title }) => ({ id, title })))
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
