import { assert, describe, it } from "@effect/vitest"
import { strictEqual } from "@effect/vitest/utils"
import * as ExportReport from "../src/ExportReport.ts"

const batch = ExportReport.emptyBatch({ projectId: "p", batchId: "b" })

const sink: ExportReport.SinkReport = {
  sink: "files",
  id: "files:/out",
  stored: 3,
  backfilled: 0,
  bytes: 12_345,
  queued: 0,
  error: null,
  isPublished: true,
  notice: null
}

const lines = (report: Partial<ExportReport.ExportReport>) =>
  ExportReport.describe({ ...ExportReport.empty, ...report }).split("\n")

describe("describe", () => {
  it("says in 3 lines that nothing is missing", () => {
    const exported = { ...batch, listed: 1400, exported: 1, unchanged: 1399, isListed: true }
    strictEqual(
      lines({ batches: [exported], sinks: [sink], complete: true }).join("\n"),
      "Batch b: 1,400 jobs listed = 1 exported + 1,399 unchanged + 0 unfinished + 0 failed\n" +
        "Stored 3 jobs, 12.3 kB: files:/out\n" +
        "Complete."
    )
  })

  it("names causes with an example, what later runs do, and everything missing", () => {
    const failed = { ...batch, listed: 5, failed: 3, remaining: 2, listingError: "listing of batch b: down" }
    const text = lines({
      stopped: true,
      batches: [failed],
      sinks: [{ ...sink, error: "files sink, stage: no space left" }, { ...sink, isPublished: false, notice: "Look." }],
      failures: [
        {
          cause: "NotFound",
          count: 2,
          retryable: false,
          permanent: true,
          example: { batchId: "b", jobId: "j", message: "job j: gone" }
        },
        {
          cause: "Throttled",
          count: 1,
          retryable: true,
          permanent: false,
          example: { batchId: "b", jobId: "k", message: "job k: busy" }
        }
      ]
    })
    assert.deepStrictEqual(text, [
      "Batch b: 5 jobs listed = 0 exported + 0 unchanged + 0 unfinished + 3 failed + 2 remaining",
      "  The listing could not be read to its end: listing of batch b: down",
      "Failed:",
      "  2 × NotFound, such as job j: gone",
      "    Not retryable: a normal run skips it.",
      "  1 × Throttled, such as job k: busy",
      "    The next run retries it.",
      "Stored 3 jobs, 12.3 kB: files:/out",
      "  It stopped storing: files sink, stage: no space left",
      "Stored 3 jobs, 12.3 kB: files:/out",
      "  Not published yet: the next run that reaches its end publishes it",
      "  Look.",
      "Not complete: the run was stopped, 3 jobs failed, 2 jobs remaining, 1 listing could not be read, " +
      "1 sink stopped storing, 1 sink not published."
    ])
  })

  it("stays short, and lets no id steer the terminal", () => {
    const many = Array.from(
      { length: 500 },
      (_, at) => ({ ...batch, batchId: `\u001b[2J${at}`, listed: 1, unfinished: 1 })
    )
    const text = lines({ batches: many, noMatch: true, seen: { statuses: ["a\nb"], labels: [] } })
    assert.isBelow(text.length, 30)
    assert.include(text.join("\n"), "and 480 more batches")
    assert.include(text.join("\n"), "Statuses of the skipped jobs: a\\u000ab")
    assert.notInclude(text.join("\n"), "\u001b")
  })

  it("says how many of the named jobs it leaves out", () => {
    const notListed = Array.from({ length: 22 }, (_, at) => `j${at}`)
    assert.match(lines({ notListed }).join("\n"), /\(j0, j1, .*, j19, and 2 more\)\.$/)
  })

  it("adds up the counts of several batches, and names jobs without an outcome only if there are some", () => {
    const [done, open] = [{ ...batch, listed: 1, exported: 1 }, { ...batch, listed: 5, failed: 3, remaining: 2 }]
    strictEqual(
      ExportReport.describeCounts([done, done]),
      "2 jobs listed = 2 exported + 0 unchanged + 0 unfinished + 0 failed"
    )
    strictEqual(
      ExportReport.describeCounts([done, open]),
      "6 jobs listed = 1 exported + 0 unchanged + 0 unfinished + 3 failed + 2 remaining"
    )
  })

  it("counts images and inputs by reason, the four most frequent ones by name", () => {
    const reason = (count: number) => ({ reason: `HTTP ${count}`, count })
    assert.deepStrictEqual(
      lines({ unsized: [1, 5, 3, 2, 4, 1].map(reason), unreachable: [reason(404)] }).slice(0, -1),
      [
        "No size found for 16 images: 5 HTTP 5, 4 HTTP 4, 3 HTTP 3, 2 HTTP 2, and 2 more reasons",
        "Could not fetch 404 inputs: 404 HTTP 404"
      ]
    )
  })
})
