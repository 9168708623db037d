#!/usr/bin/env node
/**
 * Prints tables of rules by sinks and by dataset formats from reports of vitest (`--reporter=json --outputFile=FILE`):
 * `report FILE...`. Ends with status 1 if a rule is broken or was not run, or if a test file or a report failed. The tables
 * have only what a report has a suite of.
 */
import { existsSync, readFileSync } from "node:fs"
import { relative } from "node:path"
import { type Failure, type Result, table } from "../internal/reportTable.ts"

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: ReadonlyArray<{
      readonly ancestorTitles: ReadonlyArray<string>
      readonly title: string
      readonly status: string
    }>
  }>
}

const results: Array<Result> = []
const failures: Array<Failure> = []
for (const path of process.argv.slice(2)) {
  if (!existsSync(path)) {
    failures.push({ file: path, message: "there is no such report: the test run did not end" })
    continue
  }
  const report = JSON.parse(readFileSync(path, "utf8")) as Report
  for (const { assertionResults, message, name, status } of report.testResults) {
    for (const { ancestorTitles, status, title } of assertionResults) {
      results.push({ suite: ancestorTitles.join(" "), title, status })
    }
    const isTold = assertionResults.some((one) => one.status === "failed")
    if (status === "failed" && !isTold) failures.push({ file: relative(process.cwd(), name), message })
  }
}
const { isBroken, text } = table(results, failures)
process.stdout.write(text)
if (isBroken) process.exitCode = 1
