/**
 * The rules as rows and the sinks as columns, with every waiver and its reason below. A rule that was not run counts as
 * broken: a suite that crashed must not look like one that passed.
 */
import { allRules } from "./allRules.ts"

/** One test as a runner reports it. */
export interface Result {
  readonly suite: string
  readonly title: string
  readonly status: string
}

/** A test file that did not come to its end, or failed outside of its tests. */
export interface Failure {
  readonly file: string
  readonly message: string
}

type Mark = "kept" | "BROKEN" | "waived" | "NOT RUN"

const suiteName = /^(.*) sink conformance$/

const markOf = (status: string, reason: string | undefined): Mark => {
  if (status === "passed") return "kept"
  if (status === "failed") return "BROKEN"
  return reason === undefined ? "NOT RUN" : "waived"
}

/** Makes the table. */
export const table = (
  results: ReadonlyArray<Result>,
  failures: ReadonlyArray<Failure> = []
): { readonly text: string; readonly isBroken: boolean } => {
  const marks = new Map<string, Map<string, Mark>>()
  const waivers: Array<string> = []
  for (const { status, suite, title } of results) {
    const sink = suiteName.exec(suite)?.[1]
    const parts = /^([A-Z]\d\d) (?:waived: (.*))?/.exec(title)
    if (sink === undefined || parts === null) continue
    const [, id = "", reason] = parts
    const mark = markOf(status, reason)
    if (mark === "waived") waivers.push(`${id} ${sink}: ${reason}`)
    marks.set(sink, (marks.get(sink) ?? new Map<string, Mark>()).set(id, mark))
  }
  const sinks = [...marks.keys()].sort()
  const cells = (id: string) => sinks.map((sink) => marks.get(sink)?.get(id) ?? "NOT RUN")
  const rows = allRules.map(({ id, title }) => [id, ...cells(id), title])
  const counts = sinks.map((sink) => `${[...marks.get(sink)!.values()].filter((mark) => mark === "kept").length} kept`)
  const lines = [["rule", ...sinks, "the sink"], ...rows, ["", ...counts, `of ${allRules.length}`]]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const text = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd())
  if (waivers.length > 0) text.push("", "Waived:", ...waivers.sort())
  const crashes = failures.map(({ file, message }) => `${file}: ${message === "" ? "see its output" : message}`)
  if (sinks.length === 0) crashes.push("no suite was run")
  if (crashes.length > 0) text.push("", "FAILED:", ...crashes)
  return {
    text: `${text.join("\n")}\n`,
    isBroken: crashes.length > 0 || rows.some((row) => row.includes("BROKEN") || row.includes("NOT RUN"))
  }
}
