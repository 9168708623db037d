import type { Samples } from "./contest.ts"
import type { Spread } from "./statistics.ts"

/** One table of results. */
export interface Table {
  readonly title: string
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
  /** What one has to know to read it. */
  readonly notes: ReadonlyArray<string>
}

/** What a benchmark is to reach, and whether it did. */
export interface Verdict {
  readonly what: string
  readonly target: string
  readonly measured: string
  readonly reached: boolean
}

/** What a benchmark found. */
export interface Result {
  readonly tables: ReadonlyArray<Table>
  readonly verdicts: ReadonlyArray<Verdict>
  /** Everything that was measured, by the title of its contest. */
  readonly samples: Readonly<Record<string, Samples>>
}

/** Digits enough to compare, and no more. */
export const number = (value: number): string =>
  value >= 1000
    ? Math.round(value).toLocaleString("en")
    : value >= 100
    ? value.toFixed(0)
    : value >= 10
    ? value.toFixed(1)
    : value.toFixed(2)

/** `1.32 (1.28 to 1.40)`; the median alone where there was one round. */
export const withSpread = ({ greatest, least, median }: Spread): string =>
  least === greatest ? number(median) : `${number(median)} (${number(least)} to ${number(greatest)})`

/** Holds a median against a target. */
export const verdict = (
  what: string,
  found: Spread,
  rule: "at most" | "at least",
  target: number,
  unit = ""
): Verdict => ({
  what,
  target: `${rule} ${target}${unit}`,
  measured: `${withSpread(found)}${unit}`,
  reached: rule === "at most" ? found.median <= target : found.median >= target
})

/** The table as Markdown, its columns in line. */
export const format = ({ columns, notes, rows, title }: Table): string => {
  const all = [columns, ...rows]
  const widths = columns.map((_, column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`
  return [`### ${title}`, "", line(columns), rule, ...rows.map(line), ...notes.flatMap((note) => ["", note])].join("\n")
}

/** The table of what was to be reached. */
export const verdictTable = (verdicts: ReadonlyArray<Verdict>, quick: boolean): Table => ({
  title: quick ? "Targets, for orientation: they are meant for the whole sizes" : "Targets",
  columns: ["what", "target", "measured", ""],
  rows: verdicts.map(({ measured, reached, target, what }) => [what, target, measured, reached ? "reached" : "missed"]),
  notes: []
})
