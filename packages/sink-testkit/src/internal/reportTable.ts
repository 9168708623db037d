/** The rules as rows and the sinks as columns, with every waiver and its reason below. */
import { allRules } from "./allRules.ts"

/** One test as a runner reports it. */
export interface Result {
  readonly suite: string
  readonly title: string
  readonly status: string
}

type Mark = "kept" | "BROKEN" | "waived" | "not run"

const suiteName = /^(.*) sink conformance$/

/** Makes the table. */
export const table = (results: ReadonlyArray<Result>): { readonly text: string; readonly isBroken: boolean } => {
  const marks = new Map<string, Map<string, Mark>>()
  const waivers: Array<string> = []
  for (const { status, suite, title } of results) {
    const sink = suiteName.exec(suite)?.[1]
    const parts = /^([A-Z]\d\d) (?:waived: (.*))?/.exec(title)
    if (sink === undefined || parts === null) continue
    const [, id = "", reason] = parts
    const mark = status === "passed"
      ? "kept"
      : status === "failed"
      ? "BROKEN"
      : reason === undefined
      ? "not run"
      : "waived"
    if (mark === "waived") waivers.push(`${id} ${sink}: ${reason}`)
    marks.set(sink, (marks.get(sink) ?? new Map<string, Mark>()).set(id, mark))
  }
  const sinks = [...marks.keys()].sort()
  const rows = allRules.map((
    { id, title }
  ) => [id, ...sinks.map((sink) => marks.get(sink)?.get(id) ?? "not run"), title])
  const counts = sinks.map((sink) => `${[...marks.get(sink)!.values()].filter((mark) => mark === "kept").length} kept`)
  const lines = [["rule", ...sinks, "the sink"], ...rows, ["", ...counts, `of ${allRules.length}`]]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const text = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd())
  const below = waivers.length === 0 ? [] : ["", "Waived:", ...waivers.sort()]
  return {
    text: `${[...text, ...below].join("\n")}\n`,
    isBroken: [...marks.values()].some((of) => [...of.values()].includes("BROKEN"))
  }
}
