import { assert, describe, it } from "@effect/vitest"
import { type Export, ExportReport } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { cut, pad, widthOf } from "../src/internal/output/columns.ts"
import { after, Meter, noTotals, totalsOf } from "../src/internal/output/meter.ts"
import { block, oneLine, type View } from "../src/internal/output/progress.ts"
import { batchReport, exportReport } from "./support/reports.ts"

/** A batch half-way. */
const batch = (batchId: string, counts: Partial<ExportReport.BatchReport> = {}) =>
  batchReport({
    batchId,
    listed: 1200,
    exported: 400,
    unchanged: 100,
    unfinished: 50,
    failed: 7,
    remaining: 643,
    bytes: 1_000_000,
    ...counts
  })

const view = (
  batches: ReadonlyArray<ExportReport.BatchReport>,
  totals: ReadonlyArray<[string, number]> = []
): View => ({
  report: exportReport({ batches, begun: 64, seconds: 10 }),
  activity: {
    requests: 900,
    retries: 3,
    trouble: undefined,
    origins: [{ origin: "a", pausedMillis: 0, inFlight: 12, maxInFlight: 64, requestsPerSecond: 20 }]
  },
  rates: { jobs: 40, done: 55, bytes: 100_000 },
  totals: new Map(totals),
  now: Date.UTC(2026, 10, 23)
})

const control = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u

const names = [
  "plain",
  "日本語のバッチ名がとても長い場合でも",
  "👨‍👩‍👧‍👦🏳️‍🌈🚗🚗🚗",
  "\u001b[2J\u0007\u202eevil\n\r\t",
  "e\u0301\u0301\u0301",
  "x".repeat(400),
  "",
  "\ud800 alone"
]

const Sizes = Schema.Struct({
  columns: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 250 })),
  rows: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 })),
  batches: Schema.Array(Schema.Struct({
    name: Schema.Union([Schema.String, Schema.Literals(names)]),
    listed: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2_000_000 })),
    isListed: Schema.Boolean
  })).check(Schema.isMaxLength(40))
})

describe("the block", () => {
  it.effect.prop(
    "is never wider nor higher than the terminal, and no name steers it",
    [Sizes],
    ([given]) =>
      Effect.sync(() => {
        const { batches, columns, rows } = given
        const shown = block(
          view(
            batches.map(({ isListed, listed, name }) => batch(name, { listed, isListed, exported: listed, failed: 0 }))
          ),
          { columns, rows },
          false
        )
        assert.isAtMost(shown.length, Math.max(1, rows - 1))
        for (const line of shown) {
          assert.isAtMost(widthOf(line), columns, JSON.stringify(line))
          assert.notMatch(line, control)
        }
      }),
    { arbitrary: { runs: 300 } }
  )

  it("shows of each batch how far it is, with a bar, and what failed", () => {
    const [line = ""] = block(view([batch("one")]), { columns: 100, rows: 24 }, false)
    assert.match(line, /^one {2}█+░+ {2}46% {2}557 of 1,200 {2}7 failed$/)
  })

  it("shows rates, time left, requests in flight and their limit, retries, and failures", () => {
    const shown = block(view([batch("one")]), { columns: 200, rows: 24 }, false).at(-1) ?? ""
    assert.strictEqual(
      shown,
      "40 jobs/s · 100 kB/s · about 12 s left · 64 in flight · 12 of at most 64 requests · at most 20 requests/s · " +
        "3 retries · 7 failed"
    )
  })

  it("shows no time left until the project reports the number of jobs", () => {
    const open = batch("one", { isListed: false })
    assert.notInclude(oneLine(view([open])), "left")
    assert.include(oneLine(view([open], [["one", 5000]])), "about 81 s left")
    assert.include(block(view([open], [["one", 5000]]), { columns: 100, rows: 9 }, false)[0] ?? "", "557 of 5,000")
  })

  it("says how long the platform asked it to wait, and which error keeps it from succeeding", () => {
    const calm = view([batch("one")])
    const [origin] = calm.activity.origins
    assert(origin !== undefined)
    const asked = { ...calm.activity, trouble: "the platform asks for fewer requests" }
    const waiting = { ...calm, activity: { ...asked, origins: [{ ...origin, pausedMillis: 41_000 }] } }
    assert.match(oneLine(waiting), / · waiting until \d\d:\d\d:\d\d \(41 s\): GT Studio asked for a pause$/)
    assert.notInclude(oneLine(waiting), "left")
    assert.include(block(waiting, { columns: 60, rows: 24 }, false).at(-1) ?? "", "asked for a pause")
    const unreachable = { ...calm, activity: { ...calm.activity, trouble: "no connection to h (ENOTFOUND)\u001b[2J" } }
    assert.match(oneLine(unreachable), / · retrying: no connection to h \(ENOTFOUND\)\\u001b\[2J$/)
    assert.notMatch(oneLine(calm), /waiting|retrying/)
  })

  it("shows how much is fetched, stored, and still to store, for each sink if they differ", () => {
    const sink = (name: string, id: string, stored: number, queued: number) => ({
      sink: name,
      id,
      stored,
      queued,
      backfilled: 0,
      bytes: 0,
      error: null,
      isPublished: true,
      notice: null
    })
    const calm = view([batch("one")])
    const of = (...sinks: ReadonlyArray<ReturnType<typeof sink>>) =>
      oneLine({ ...calm, report: { ...calm.report, begun: 200, fetched: 150, sinks } })
    assert.match(of(sink("files", "files:/a", 150, 0)), / · 150 fetched · 150 stored · 40 jobs/)
    const apart = of(sink("files", "files:/a", 150, 0), sink("yolo", "yolo:/a", 90, 60))
    assert.match(apart, / · 150 fetched · stored: 150 in files, 90 in yolo · 60 to store · /)
    assert.match(
      of(sink("yolo", "yolo:/x/a", 1, 0), sink("yolo", "yolo:/x/b", 2, 0)),
      /stored: 1 in yolo:a, 2 in yolo:b/
    )
  })

  it("shows how many jobs a backfill has stored per sink, without rates or jobs that are not listed", () => {
    const sink = { error: null, isPublished: true, notice: null, queued: 0, bytes: 0 }
    const sinks = [
      { ...sink, sink: "files", id: "files:/a", stored: 0, backfilled: 0 },
      { ...sink, sink: "yolo", id: "yolo:/a", stored: 128, backfilled: 128 }
    ]
    const calm = view([batch("one", { listed: 0, exported: 0, unfinished: 0, failed: 0, isListed: false })])
    const report = { ...calm.report, begun: 0, sinks }
    const idle = { ...calm, activity: { ...calm.activity, origins: [], retries: 0 }, report, quietMillis: 42_000 }
    assert.strictEqual(oneLine(idle), "backfilled: 128 in yolo · nothing new for 42 s")
    const [source] = sinks
    assert.notInclude(
      oneLine({ ...idle, report: { ...report, sinks: source === undefined ? [] : [source] } }),
      "0 of 0"
    )
    const done = batch("one", { listed: 1000, exported: 0, unchanged: 1000, unfinished: 0, failed: 0, remaining: 0 })
    assert.strictEqual(
      oneLine({ ...idle, report: { ...report, batches: [done] } }),
      "1,000 of 1,000 jobs · backfilled: 128 in yolo · finishing for 42 s"
    )
  })

  it("says what it waits for: a slow sink, responses, listings, unfinished jobs, the end; and nothing while it is busy", () => {
    const { report, ...calm } = view([batch("one")])
    const quiet = { ...calm, quietMillis: 42_000 }
    const queued = { sink: "yolo", id: "yolo:/a", stored: 1, queued: 60, backfilled: 0, bytes: 0, error: null }
    const slow = { ...report, begun: 64, fetched: 64, sinks: [{ ...queued, isPublished: true, notice: null }] }
    assert.match(oneLine({ ...calm, report: slow }), /waiting for yolo to store 60 jobs$/)
    assert.match(oneLine({ ...quiet, report }), /waiting 42 s for 12 responses$/)
    const idle = { ...quiet, activity: { ...quiet.activity, origins: [] } }
    assert.match(oneLine({ ...idle, report }), /waiting 42 s for a turn to send a request$/)
    const unlisted = batch("one", { listed: 0, isListed: false })
    assert.match(
      oneLine({ ...idle, report: { ...report, begun: 0, batches: [unlisted] } }),
      /listing batches for 42 s$/
    )
    const done = { ...report, begun: 0, batches: [batch("one", { remaining: 0 })] }
    assert.match(oneLine({ ...idle, report: done }), /finishing for 42 s$/)
    assert.match(oneLine({ ...idle, report: done, follows: true }), /waiting for 50 jobs to be finished$/)
    assert.match(oneLine({ ...idle, report: { ...report, begun: 0 } }), /nothing new for 42 s$/)
    assert.notMatch(oneLine({ ...calm, report }), /waiting|nothing new/)
  })

  it("has color only on request", () => {
    const size = { columns: 120, rows: 24 }
    assert.notInclude(block(view([batch("one")]), size, false).join(""), "\u001b")
    assert.include(block(view([batch("one")]), size, true).join(""), "\u001b[32m")
  })

  it("names the batches under way when there is no room for all, and counts the others", () => {
    const many = Array.from(
      { length: 50 },
      (_, index) => batch(`b${index}`, index === 30 ? {} : { exported: 1050, failed: 0 })
    )
    const shown = block(view(many), { columns: 100, rows: 8 }, false)
    assert(shown.some((line) => line.startsWith("b30")))
    assert(shown.some((line) => /^and 4\d more: .* in all 50 batches$/.test(line)))
  })
})

describe("columns", () => {
  it.effect.prop("cut and pad text to a number of cells", [
    Schema.String,
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 80 }))
  ], ([text, width]) =>
    Effect.sync(() => {
      const name = onOneLine(text)
      assert.isAtMost(widthOf(cut(name, width)), width)
      assert.strictEqual(widthOf(pad(name, width)), width)
    }), { arbitrary: { runs: 300 } })
})

const started = ExportReport.apply(ExportReport.empty, {
  _tag: "Started",
  batches: [{ projectId: "p", batchId: "b" }],
  sinks: [],
  filter: "none"
})

describe("rates", () => {
  it("are those of the last ten seconds", () => {
    const meter = new Meter()
    const at = (seconds: number, exported: number) =>
      meter.rates(seconds, { jobs: exported, done: exported, bytes: exported * 10 })
    for (let second = 1; second <= 20; second++) at(second, second * 100)
    assert.closeTo(at(21, 2100).jobs, 100, 1)
    for (let second = 22; second <= 40; second++) at(second, 2100)
    assert.deepStrictEqual(at(41, 2100), { jobs: 0, done: 0, bytes: 0 })
  })

  it("count what happens, and not again what a later pass lists again", () => {
    const ids = { projectId: "p", batchId: "b" }
    const exported = { changed: false, bytes: 10, isUnknown: false, problems: 0, problem: null }
    const error = { reason: "ServerError", message: "it failed", retryable: true }
    const events: ReadonlyArray<Export.JobEvent> = [
      { _tag: "PassStarted", pass: 1 },
      { _tag: "Listed", ...ids, count: 3 },
      { _tag: "Exported", ...ids, jobId: "1", ...exported },
      { _tag: "Failed", ...ids, jobId: "2", error, attempts: 1 },
      { _tag: "Unfinished", ...ids, jobIds: ["3"] },
      { _tag: "PassStarted", pass: 2 },
      { _tag: "Listed", ...ids, count: 3 },
      { _tag: "Unchanged", ...ids, jobIds: ["1"], isFetched: false, isExported: true },
      { _tag: "Exported", ...ids, jobId: "3", ...exported }
    ]
    assert.deepStrictEqual(events.reduce(after, noTotals), { jobs: 3, done: 5, bytes: 20, checked: 2 })
    const one = totalsOf(events.slice(0, 5).reduce(ExportReport.apply, started))
    assert.deepStrictEqual(one, { jobs: 2, done: 3, bytes: 10 })
  })
})
