import { assert, describe, it } from "@effect/vitest"
import type { ExportReport, GtStudio } from "@labelstream/core"
import * as Effect from "effect/Effect"
import { eventLine, summary } from "../support/text.ts"
import { run } from "./support/program.ts"

describe("resume", () => {
  it.live("shows that a killed run goes on, and asks for nothing that is stored", () =>
    Effect.gen(function*() {
      const { status, stdout } = yield* run("resume", {})
      assert.strictEqual(status, 0)
      const lines = stdout.trimEnd().split("\n")
      assert.match(lines[0] ?? "", /^First run: ended by SIGKILL; 0 jobs/)
      assert.match(lines[2] ?? "", /^The same again: ended by itself, with 0; [1-9]\d* jobs were stored before it/)
      assert.match(lines[3] ?? "", /jobs, 0 of them stored/)
      assert.strictEqual(lines[5], "  It asked for 10 pages and 0 jobs, 0 of them stored.")
      assert.match(lines[6] ?? "", /^1000 of 1000 results/)
    }))
})

describe("the summary", () => {
  const activity: GtStudio.Activity = { requests: 5, retries: 0, origins: [] }
  const report = (
    batch: Partial<ExportReport.BatchReport>,
    more: Partial<ExportReport.ExportReport> = {}
  ): ExportReport.ExportReport => ({
    complete: false,
    stopped: false,
    batches: [{
      projectId: "p",
      batchId: "b",
      listed: 10,
      exported: 10,
      unchanged: 0,
      unfinished: 0,
      failed: 0,
      left: 0,
      changed: 0,
      vanished: 0,
      unknown: 0,
      unknownExample: null,
      problems: 0,
      problemExample: null,
      bytes: 100,
      isListed: true,
      listingError: null,
      ...batch
    }],
    failures: [],
    sinks: [],
    inFlight: 0,
    seconds: 1,
    ...more
  })
  const end = { brokeOff: false, output: "output", command: "npm run example export-to-files" }

  it("says of counts that do not add up that this is our fault", () => {
    const text = summary(report({ exported: 8, left: 2 }), activity, end)
    assert.match(text, /10 jobs listed = 8 exported .* \+ 2 left\n/)
    assert.match(text, /do not add up[^]*fault in Labelstream, please report it/)
    assert.notMatch(text, /Complete/)
  })

  it("says of a run that was stopped or broke off what to type, and accuses nobody", () => {
    const left = { exported: 8, left: 2 }
    for (
      const text of [
        summary(report(left, { stopped: true }), activity, end),
        summary(report(left), activity, { ...end, brokeOff: true })
      ]
    ) {
      assert.match(text, /To go on from here, with the same settings: npm run example export-to-files$/)
      assert.notMatch(text, /fault/)
    }
  })

  it("names an annotation that gave no row by its place and job, and says how many there are", () => {
    const problemExample = { jobId: "j", path: "/data/annotations/lines/4", reason: "expected an object" }
    const text = summary(report({ problems: 1200, problemExample }), activity, end)
    assert.match(
      text,
      /1,200 annotations gave no row, such as \/data\/annotations\/lines\/4 of job j: expected an object/
    )
    assert.notMatch(summary(report({}), activity, end), /gave no row/)
  })

  it("lets no id or message steer the terminal", () => {
    const text = summary(report({ listingError: "\u001b]0;title\u0007\r" }), activity, end)
    assert.include(text, "\\u001b]0;title\\u0007\\u000d")
    const line = eventLine({ _tag: "Vanished", batchId: "b", jobId: "a\u001b[2J\nb" })
    assert.notInclude(line ?? "\u001b", "\u001b")
  })
})
