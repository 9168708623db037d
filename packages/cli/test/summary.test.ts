import { assert, describe, it } from "@effect/vitest"
import type { ExportReport, GtStudio } from "@labelstream/core"
import { reportObject } from "../src/internal/output/reportObject.ts"
import { eventLines, summary } from "../src/internal/output/summary.ts"
import { batchReport, exportReport } from "./support/reports.ts"

describe("the summary", () => {
  const activity: GtStudio.Activity = { requests: 5, retries: 0, trouble: undefined, origins: [] }
  const report = (batch: Partial<ExportReport.BatchReport>, more: Partial<ExportReport.ExportReport> = {}) =>
    exportReport({ batches: [batchReport(batch)], ...more })
  const end = {
    brokeOff: false,
    where: "files:output",
    again: "labelstream export",
    retry: "labelstream retry",
    isRetry: false
  }

  it("calls counts that do not add up a bug", () => {
    const text = summary(report({ exported: 8, remaining: 2 }), activity, end)
    assert.match(text, /10 jobs listed = 8 exported .* \+ 2 remaining\n/)
    assert.match(text, /do not add up[^]*bug in Labelstream; please report it/)
    assert.notMatch(text, /Complete/)
  })

  it("names the next command after a stopped or interrupted run, and blames no job", () => {
    const left = { exported: 8, remaining: 2 }
    for (
      const text of [
        summary(report(left, { stopped: true }), activity, end),
        summary(report(left), activity, { ...end, brokeOff: true })
      ]
    ) {
      assert.match(text, /To resume, run: labelstream export$/)
      assert.notMatch(text, /bug/)
    }
  })

  it("names a value that could not be read by its place and job, and says how many there are", () => {
    const problemExample = { jobId: "j", path: "/data/annotations/lines/4", reason: "expected an object" }
    const text = summary(report({ problems: 1200, problemExample }), activity, end)
    assert.match(
      text,
      /1,200 values could not be read, such as \/data\/annotations\/lines\/4 of job j: expected an object/
    )
    assert.notMatch(summary(report({}), activity, end), /could not be read/)
  })

  it("shows what readers of a sink must know, line by line, also in the object for programs", () => {
    const notice = "Part of what is stored is in l.db-wal.\nCopy both files together.\u001b[2J"
    const sink = {
      sink: "sqlite",
      id: "sqlite:/l.db",
      stored: 10,
      backfilled: 0,
      bytes: 100,
      queued: 0,
      error: null,
      isPublished: true,
      notice
    }
    const told = report({}, { sinks: [sink], complete: true })
    assert.match(
      summary(told, activity, end),
      /Stored 10 jobs, 100 B: sqlite:\/l\.db\n {2}Part of what is stored is in l\.db-wal\.\n {2}Copy both files together\.\\u001b\[2J\n/
    )
    assert.deepStrictEqual(reportObject(told, []).sinks, [{
      sink: "sqlite:/l.db",
      stored: 10,
      backfilled: 0,
      bytes: 100,
      error: null,
      published: true,
      notice
    }])
  })

  it("lets no id or message steer the terminal", () => {
    const text = summary(report({ listingError: "\u001b]0;title\u0007\r" }), activity, end)
    assert.include(text, "\\u001b]0;title\\u0007\\u000d")
    const [line] = eventLines({ _tag: "Delisted", projectId: "p", batchId: "b", jobIds: ["a\u001b[2J\nb"] })
    assert.notInclude(line ?? "\u001b", "\u001b")
  })

  it("fits a screen with hundreds of batches and dozens of causes, and keeps both ends of long messages", () => {
    const one = report({}).batches[0]!
    const batches = Array.from({ length: 300 }, (_, index) => ({
      ...one,
      batchId: `b${index}`,
      ...(index % 100 === 7 ? { exported: 9, failed: 1 } : {})
    }))
    const failures = Array.from({ length: 30 }, (_, index) => ({
      cause: `Cause${index}`,
      count: index + 1,
      retryable: index % 2 === 0,
      permanent: index % 2 !== 0,
      example: { batchId: "b7", jobId: "j", message: `job j: ${"m".repeat(5000)} (ECONNRESET)` }
    }))
    const text = summary({ ...report({}), batches, failures }, activity, end)
    assert.isAtMost(text.split("\n").length, 23)
    assert.include(text, "300 batches: 3,000 jobs listed = 2,997 exported + 0 unchanged + 0 unfinished + 3 failed")
    for (const id of ["b7", "b107", "b207"]) assert.include(text, `Batch ${id}: 10 jobs listed`)
    assert.include(text, "30 × Cause29")
    assert.match(text, /\n {6}job j: m{1,150}…m{1,150} \(ECONNRESET\)\n/)
    assert.include(text, "and 26 more causes")
  })

  it("does not call a retry complete if no failed jobs are known", () => {
    const text = summary(report({ listed: 0, exported: 0 }, { complete: true }), activity, { ...end, isRetry: true })
    assert.match(text, /No failed jobs to retry$/)
  })

  it("names the values that a filter could name, and does not say Complete, if it matches nothing", () => {
    const seen = { statuses: ["completed", "in\u001b_progress"], labels: [] }
    const text = summary(report({ listed: 0, exported: 0, skipped: 12 }, { noMatch: true, seen }), activity, end)
    assert.match(
      text,
      /Statuses of the skipped jobs: completed, in\\u001b_progress\nNothing was stored in files:output/
    )
    assert.match(text, /Correct it, then run: labelstream export$/)
    assert.notMatch(text, /Complete/)
  })

  it("names a sink that has not published what it stored", () => {
    const sink = {
      sink: "coco",
      id: "coco:/d",
      stored: 10,
      backfilled: 0,
      bytes: 100,
      queued: 0,
      error: null,
      isPublished: false,
      notice: null
    }
    const text = summary(report({}, { sinks: [sink], stopped: true }), activity, end)
    assert.match(
      text,
      /Stored 10 jobs, 100 B: coco:\/d\n {2}Not published yet: the next run that reaches its end publishes it\n/
    )
  })

  it("says why a run is not complete, and what to type, at its end", () => {
    const sinks = [{
      sink: "s",
      id: "s:x",
      stored: 1,
      backfilled: 0,
      bytes: 1,
      queued: 0,
      error: "full",
      isPublished: true,
      notice: null
    }]
    const text = summary(
      report({ failed: 2, exported: 8, listingError: "no", isListed: false }, { sinks }),
      activity,
      end
    )
    assert.match(
      text,
      /Not complete: 2 jobs failed, 1 listing could not be read, 1 sink stopped storing\. .*: labelstream export$/
    )
  })

  it("claims no more for a retry, a filter, and unfinished jobs than they cover", () => {
    const complete = { complete: true }
    const retried = summary(report({}, complete), activity, { ...end, isRetry: true })
    assert.match(retried, /Complete: every failed job is now stored in files:output$/)
    assert.match(
      summary(report({ skipped: 1 }, complete), activity, end),
      /Complete for this selection: nothing/
    )
    const some = summary(report({ exported: 8, unfinished: 2 }, complete), activity, end)
    assert.match(some, /2 jobs not finished yet: a later run exports them\nComplete: nothing is missing/)
    const none = summary(report({ exported: 0, unfinished: 10 }, complete), activity, end)
    assert.match(none, /Nothing to store yet: no job is finished. Once some are, run: labelstream export$/)
    assert.match(
      summary(report({}, complete), activity, { ...end, checked: 3 }),
      /3 jobs fetched again, 0 of them changed/
    )
  })

  it("says after a limited run that there is more, and counts skipped jobs", () => {
    const text = summary({ ...report({ skipped: 3 }), complete: true, limited: true }, activity, end)
    assert.match(text, /3 jobs skipped[^]*Reached the limit: there is more to fetch/)
    assert.notMatch(text, /Complete/)
  })
})
