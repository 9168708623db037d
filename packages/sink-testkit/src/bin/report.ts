#!/usr/bin/env node
/**
 * Prints a table of rules by sinks from reports that vitest has written (`--reporter=json --outputFile=FILE`):
 * `report FILE...`. Ends with status 1 where a rule is broken. A sink whose suite is in no report is not in the table.
 */
import { readFileSync } from "node:fs"
import { type Result, table } from "../internal/reportTable.ts"

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly assertionResults: ReadonlyArray<{
      readonly ancestorTitles: ReadonlyArray<string>
      readonly title: string
      readonly status: string
    }>
  }>
}

const results = process.argv.slice(2).flatMap((file): ReadonlyArray<Result> =>
  (JSON.parse(readFileSync(file, "utf8")) as Report).testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ ancestorTitles, status, title }) => ({ suite: ancestorTitles.join(" "), title, status }))
  )
)
const { isBroken, text } = table(results)
process.stdout.write(text)
if (isBroken) process.exitCode = 1
