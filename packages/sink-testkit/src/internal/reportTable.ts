/**
 * Two tables: the rules of sinks as rows and the sinks as columns, and the formats as rows and their rules as columns. Below
 * are every waiver and its reason. A rule that was not run counts as broken: a suite that crashed must not look like one
 * that passed.
 */
import { allRules } from "./allRules.ts"

/** One test as a runner reports it. */
export interface Result {
  readonly suite: string
  readonly title: string
  readonly status: string
}

/** A test file that did not end, or failed outside of its tests. */
export interface Failure {
  readonly file: string
  readonly message: string
}

type Mark = "kept" | "BROKEN" | "waived" | "NOT RUN"

const markOf = (status: string, reason: string | undefined): Mark => {
  if (status === "passed") return "kept"
  if (status === "failed") return "BROKEN"
  return reason === undefined ? "NOT RUN" : "waived"
}

/** The suites of one kind: the mark of each rule by the name of what was tested. */
interface Suites {
  readonly names: ReadonlyArray<string>
  readonly markOf: (name: string, id: string) => Mark
  readonly kept: (name: string) => number
  /** Whether one of these rules is broken or was not run. */
  readonly isBroken: (ids: ReadonlyArray<string>) => boolean
  /** The titles of the rules that were run, by id, in order. */
  readonly titles: ReadonlyMap<string, string>
  readonly waivers: ReadonlyArray<string>
}

const suitesOf = (results: ReadonlyArray<Result>, suiteName: RegExp): Suites => {
  const marks = new Map<string, Map<string, Mark>>()
  const titles = new Map<string, string>()
  const waivers: Array<string> = []
  for (const { status, suite, title } of results) {
    const name = suiteName.exec(suite)?.[1]
    const parts = /^([A-Z]\d\d) (?:waived: (.*)|(.*))/.exec(title)
    if (name === undefined || parts === null) continue
    const [, id = "", reason, rule] = parts
    const mark = markOf(status, reason)
    if (mark === "waived") waivers.push(`${id} ${name}: ${reason}`)
    if (rule !== undefined) titles.set(id, rule)
    marks.set(name, (marks.get(name) ?? new Map<string, Mark>()).set(id, mark))
  }
  const names = [...marks.keys()].sort()
  const found: Suites["markOf"] = (name, id) => marks.get(name)?.get(id) ?? "NOT RUN"
  return {
    names,
    markOf: found,
    isBroken: (ids) => names.some((name) => ids.some((id) => ["BROKEN", "NOT RUN"].includes(found(name, id)))),
    kept: (name) => [...marks.get(name)?.values() ?? []].filter((mark) => mark === "kept").length,
    titles: new Map([...titles].sort(([a], [b]) => a < b ? -1 : 1)),
    waivers
  }
}

const aligned = (lines: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd())
}

const sinkTable = ({ kept, markOf, names }: Suites): ReadonlyArray<string> =>
  names.length === 0 ? [] : aligned([
    ["rule", ...names, "the sink"],
    ...allRules.map(({ id, title }) => [id, ...names.map((name) => markOf(name, id)), title]),
    ["", ...names.map((name) => `${kept(name)} kept`), `of ${allRules.length}`]
  ])

/** There are more formats than fit next to each other. A rule of the format kit is one that any format was tested by. */
const formatTable = ({ kept, markOf, names, titles }: Suites): ReadonlyArray<string> => {
  if (names.length === 0) return []
  const ids = [...titles.keys()]
  return [
    ...aligned([
      ["format", ...ids, `of ${ids.length}`],
      ...names.map((name) => [name, ...ids.map((id) => markOf(name, id)), `${kept(name)} kept`])
    ]),
    "",
    ...Array.from(titles, ([id, title]) => `${id}  the format ${title}`)
  ]
}

/** Makes the tables. */
export const table = (
  results: ReadonlyArray<Result>,
  failures: ReadonlyArray<Failure> = []
): { readonly text: string; readonly isBroken: boolean } => {
  const [sinks, formats] = [/^(.*) sink conformance$/, /^(.*) format conformance$/].map((name) =>
    suitesOf(results, name)
  ) as [Suites, Suites]
  const tables = [sinkTable(sinks), formatTable(formats)]
  const waivers = [...sinks.waivers, ...formats.waivers].sort()
  const crashes = failures.map(({ file, message }) => `${file}: ${message === "" ? "see its output" : message}`)
  if (tables.flat().length === 0) crashes.push("no suite was run")
  const parts = [
    ...tables,
    waivers.length === 0 ? [] : ["Waived:", ...waivers],
    crashes.length === 0 ? [] : ["FAILED:", ...crashes]
  ].filter((lines) => lines.length > 0)
  return {
    text: parts.map((lines) => lines.map((line) => `${line}\n`).join("")).join("\n"),
    isBroken: crashes.length > 0 || sinks.isBroken(allRules.map(({ id }) => id)) ||
      formats.isBroken([...formats.titles.keys()])
  }
}
