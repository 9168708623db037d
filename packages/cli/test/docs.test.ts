/**
 * Runs the shell blocks of the documentation as a reader would: every page in the order of the list of pages, with the
 * simulator as GT Studio. Every line runs, or is listed here with the reason why it cannot and is only parsed.
 */
import { assert, describe, it } from "@effect/vitest"
import { Scenario, Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { spawnSync, type SpawnSyncOptions } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Page, pages, shellLines } from "../../../scripts/docPages.ts"
import { platform, run, temporaryFolder } from "./support/program.ts"

/** Programs that a machine may lack, or that change more than a folder. */
const otherPrograms = new Set(
  "aws crontab docker duckdb journalctl kubectl labelme node npm pip psql python3 sqlite3 sudo yolo zstd".split(" ")
)

/** Lines of the command that cannot run here, by their first words. */
const notHere: Readonly<Record<string, string>> = {
  "labelstream simulator": "serves until it is stopped",
  "labelstream runner": "serves until it is stopped",
  "labelstream export --cluster": "needs a runner",
  "labelstream status --cluster": "needs a runner",
  "labelstream export --project P --batch B --to parquet:/shared/dataset": "needs a runner",
  "labelstream stop": "needs a runner",
  "labelstream export --project P --batch B --to postgres": "needs a PostgreSQL server",
  "labelstream export --otlp": "needs a collector",
  "labelstream export --prometheus /var": "writes to a folder of the system"
}

/** Pages whose packages `npm run trial` installs and runs. */
const isOfTrial = ({ path }: Page) => path.startsWith("docs/extend/")

/** The pages in the order in which they are read. */
const inOrder = (): ReadonlyArray<Page> => {
  const index = pages.find(({ path }) => path === "docs/README.md")!
  const listed = Array.from(index.text.matchAll(/^- \[[^\]]+\]\(([^)]+)\)/gm), ([, file = ""]) => `docs/${file}`)
  const rank = ({ path }: Page) => listed.includes(path) ? listed.indexOf(path) : listed.length
  return pages.toSorted((a, b) => rank(a) - rank(b)).filter((page) => !isOfTrial(page))
}

/** Words as a shell reads them. */
const words = (line: string) =>
  Array.from(line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g), ([word]) => word.replaceAll(/["']/g, ""))

/** The programs that a line starts. */
const programsOf = (line: string) => line.split(/&&|[|;(]/).map((part) => words(part)[0] ?? "")

/** Fails if a shell cannot run the line, or with `-n` read it. */
const assertRuns = (line: string, where: string, flags: ReadonlyArray<string>, options: SpawnSyncOptions = {}) => {
  const { status, stderr } = spawnSync("bash", [...flags, "-c", line], { ...options, encoding: "utf8" })
  assert.strictEqual(status, 0, `${where}: ${line}\n${stderr}`)
}

describe("shell blocks of the documentation", () => {
  it.live("run in order, or are listed with the reason why they cannot", () =>
    Effect.gen(function*() {
      const home = yield* temporaryFolder
      const simulator = yield* Simulator.start({
        projectId: "P",
        // Small: every export of a dataset draws them again.
        images: { sizes: [[64, 48]] },
        batches: [{ id: "B", jobs: Scenario.allKinds.length, kinds: Scenario.allKinds }]
      })
      const given = { ...platform(simulator), GT_STUDIO_BATCH_ID: "B", HOME: home, PATH: process.env["PATH"] ?? "" }
      const folder = join(home, "labels")
      mkdirSync(folder)
      const settings = { project: "P", batches: ["B"], to: ["files:output"] }
      const unused = new Set(Object.keys(notHere))
      let ran = 0

      for (const { blocks } of inOrder()) {
        let cwd = folder
        let env: Readonly<Record<string, string>> = given
        for (const { file, language, text, where } of blocks) {
          if (file === "labelstream.json") writeFileSync(join(cwd, file), text)
          if (language !== "sh") continue
          const lines = shellLines(text).flatMap((line) => line.split(/ && (?![^(]*\))/))
          for (const shown of lines) {
            const line = shown.replace("npm run labelstream --", "labelstream").replace(/\bP[12]\b/g, "P")
              .replace(/ JOB$/, ` ${simulator.job("B", 0).id}`).replaceAll("~/", `${home}/`)
            const [program = "", ...args] = words(line)
            const reason = Object.keys(notHere).find((start) => line.startsWith(start))
            if (reason !== undefined || programsOf(line).some((name) => otherPrograms.has(name))) {
              unused.delete(reason ?? "")
              assertRuns(line, where, ["-n"])
            } else if (program === "export" || program === "unset") {
              const set = args.map((arg) => arg.split("=", 2))
                // The key, the URL, and the ids come from the simulator.
                .filter(([name = "", value]) => !(name in given) && value !== undefined)
              env = { ...env, ...Object.fromEntries(set) }
            } else if (program === "cd") {
              cwd = join(args[0]!.startsWith("/") ? "" : cwd, args[0]!)
            } else if (program === "labelstream") {
              // A reader writes settings in a folder without any, and fills them in.
              if (args[0] === "init") rmSync(join(cwd, "labelstream.json"), { force: true })
              const { status, stderr, stdout } = yield* run(args, { cwd, env })
              assert.strictEqual(status, 0, `${where}: ${shown}\n${stdout}${stderr}`)
              if (args[0] === "init") writeFileSync(join(cwd, "labelstream.json"), JSON.stringify(settings))
              ran++
            } else {
              const input = simulator.apiKey
              assertRuns(line, where, [], { cwd, env, input })
              ran++
            }
          }
        }
      }
      assert.deepStrictEqual(Array.from(unused), [])
      assert.isAbove(ran, 30)
    }), 300_000)
})
