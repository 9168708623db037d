/** What every ledger promises, as tests that each implementation is held to. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { BatchRef, JobSummary } from "../../src/Job.ts"
import type { Receipt, Revision } from "../../src/JobSink.ts"
import {
  type Audit,
  type EntryFilter,
  type JobFailure,
  Ledger,
  type Listed,
  type Outcome,
  type RunEnd
} from "../../src/Ledger.ts"

const batch: BatchRef = { projectId: "p", batchId: "b" }
const other: BatchRef = { projectId: "p", batchId: "a" }

const summary = (id: string, options: Partial<JobSummary> = {}): JobSummary => ({
  id,
  referenceId: `ref of ${id}`,
  status: "completed",
  frames: 1,
  annotations: 10,
  tag: null,
  priorityWeight: null,
  ...options
})

const listedAs = ({ annotations, frames, status }: JobSummary): Listed => ({ status, frames, annotations })
const first = listedAs(summary(""))
const changed: Listed = { status: "completed", frames: 1, annotations: 11 }

const revision = (document: string): Revision => ({ document, attachments: "" })
const receipt = (jobId: string, document = "r1", bytes = 100): Receipt => ({
  batchId: batch.batchId,
  jobId,
  revision: revision(document),
  bytes
})

const stored = (jobId: string, sink = "files", document = "r1", at = 1, listed = first) => ({
  _tag: "Stored",
  batch,
  sink,
  receipt: receipt(jobId, document),
  listed,
  at
} satisfies Outcome)
const ended: RunEnd = {
  outcome: "completed",
  listed: 10,
  exported: 4,
  unchanged: 3,
  unfinished: 2,
  failed: 1,
  bytes: 5
}
const gone: JobFailure = { reason: "AttachmentMissing", message: "it is gone", retryable: true }
const failed = (jobId: string, at = 2): Outcome => ({ _tag: "Failed", batch, jobId, error: gone, at })
const unfinished = (jobId: string): Outcome => ({ _tag: "Unfinished", batch, jobId })
const unchanged = (jobId: string, listed = first, at = 3): Outcome => ({ _tag: "Unchanged", batch, jobId, listed, at })
const reconciled = (jobId: string, document = "r1", sink = "files") => ({
  _tag: "Reconciled",
  batch,
  sink,
  receipt: receipt(jobId, document)
} satisfies Outcome)

const voided = (jobId: string, sink = "files"): Outcome => ({ _tag: "Voided", batch, sink, jobId })

export const suite = <E>(name: string, layer: Layer.Layer<Ledger, E>) => {
  const withLedger = <A, E2>(f: (ledger: Ledger["Service"]) => Effect.Effect<A, E2>) => () =>
    Effect.provide(Ledger.use(f), layer, { local: true })

  const read = (ledger: Ledger["Service"], filter: EntryFilter = {}) =>
    Effect.map(Stream.runCollect(ledger.entries(filter)), (pages) => pages.flat())

  const ids = (ledger: Ledger["Service"], filter: EntryFilter = {}) =>
    Effect.map(read(ledger, filter), (entries) => entries.map((entry) => entry.jobId))

  const get = Effect.fnUntraced(function*(ledger: Ledger["Service"], jobId: string) {
    const entry = (yield* read(ledger, { batch })).find((entry) => entry.jobId === jobId)
    return entry ?? assert.fail(`no entry for ${jobId}`)
  })

  describe(name, () => {
    it.live(
      "numbers each run above the ones before",
      withLedger((ledger) =>
        Effect.gen(function*() {
          const one = yield* ledger.begin
          const two = yield* ledger.begin
          assert.isAbove(two, one)
        })
      )
    )

    it.live(
      "finds entries by id in the order asked, and says of those never seen that there is none",
      withLedger((ledger) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* ledger.find(batch, ["a"]), [null])
          yield* ledger.record([failed("a"), unfinished("b")])
          const found = yield* ledger.find(batch, ["b", "lost", "a"])
          assert.deepStrictEqual(found.map((entry) => entry?.stage), ["unfinished", undefined, "failed"])
          assert.deepStrictEqual(yield* ledger.find({ ...batch, batchId: "other" }, ["a"]), [null])
          assert.deepStrictEqual(yield* ledger.find(batch, []), [])
        })
      )
    )

    describe("runs", () => {
      it.live(
        "are remembered with what they came to, the latest first; one that did not end has no end",
        withLedger((ledger) =>
          Effect.gen(function*() {
            assert.deepStrictEqual(yield* Stream.runCollect(ledger.runs), [])
            const one = yield* ledger.begin
            yield* ledger.end(one, ended)
            const two = yield* ledger.begin
            const three = yield* ledger.begin
            yield* ledger.end(three, { ...ended, outcome: "stopped", bytes: 2 ** 40 })
            const runs = (yield* Stream.runCollect(ledger.runs)).flat()
            assert.deepStrictEqual(runs.map(({ end, run }) => [run, end]), [
              [three, { ...ended, outcome: "stopped", bytes: 2 ** 40 }],
              [two, null],
              [one, ended]
            ])
            for (const { end, endedAt, startedAt } of runs) {
              if (end === null) assert.isNull(endedAt)
              else assert.isAtLeast(endedAt ?? -1, startedAt)
            }
          })
        )
      )

      it.live(
        "are all told, however many they are",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const begun = yield* ledger.transaction(Effect.replicateEffect(ledger.begin, 1001))
            const runs = (yield* Stream.runCollect(ledger.runs)).flat()
            assert.deepStrictEqual(runs.map(({ run }) => run), begun.toReversed())
          })
        )
      )
    })

    describe("observe", () => {
      it.live(
        "answers each job of a page in its order, as it was before the page",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const run = yield* ledger.begin
            const page = [summary("3"), summary("1"), summary("2")]
            const unseen = yield* ledger.observe(run, batch, page)
            assert.deepStrictEqual(unseen, page.map((summary) => ({ summary, known: null, repeated: false })))
            const again = [summary("1", { annotations: 11 }), summary("3")]
            const observations = yield* ledger.observe(yield* ledger.begin, batch, again)
            assert.deepStrictEqual(observations.map(({ known }) => [known?.jobId, known?.listed]), [
              ["1", first],
              ["3", first]
            ])
            assert.deepStrictEqual((yield* get(ledger, "1")).listed, changed)
            assert.deepStrictEqual(yield* ledger.observe(run, batch, []), [])
          })
        )
      )

      it.live(
        "says which jobs this run has met before, on the page or on an earlier one",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const run = yield* ledger.begin
            const repeated = (run: number, page: ReadonlyArray<string>) =>
              Effect.map(
                ledger.observe(run, batch, page.map((id) => summary(id))),
                (observations) => observations.map((one) => one.repeated)
              )
            assert.deepStrictEqual(yield* repeated(run, ["1", "2", "1"]), [false, false, true])
            assert.deepStrictEqual(yield* repeated(run, ["2", "3"]), [true, false])
            assert.deepStrictEqual(yield* repeated(yield* ledger.begin, ["2", "3"]), [false, false])
            assert.deepStrictEqual(yield* repeated(run, ["1", "3"]), [true, false])
          })
        )
      )

      it.live(
        "may answer what is upToDate in the sinks asked about without its entry, and nothing else so",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const page = ["1", "2", "3", "4", "5", "6", "7"].map((id) => summary(id))
            yield* ledger.observe(yield* ledger.begin, batch, page)
            yield* ledger.record([
              ...["1", "2", "3", "4", "7"].flatMap((id) => [stored(id), stored(id, "db")]),
              stored("5"),
              stored("3", "files", "r2"),
              failed("4"),
              reconciled("6")
            ])
            // 2 has changed, db holds an old revision of 3 and none of 5, 4 has failed, of 6 nobody knows what was listed.
            const listed = page.map((job) => job.id === "2" ? summary("2", { annotations: 11 }) : job)
            for (const sinks of [["files", "db"], ["files", "unheard of"], ["db", "files"]]) {
              const run = yield* ledger.begin
              yield* ledger.observe(run, other, [summary("1")])
              const observed = yield* ledger.observe(run, batch, listed, sinks)
              assert.deepStrictEqual(observed.map(({ summary }) => summary), listed)
              for (const { known, repeated, upToDate, summary: { id } } of observed) {
                assert.isFalse(repeated)
                const mayBe = (id === "1" || id === "7") && !sinks.includes("unheard of")
                if (upToDate === true) assert.isTrue(mayBe, `${id} is not upToDate in ${sinks.join(" and ")}`)
                else assert.strictEqual(known?.jobId, id)
              }
              yield* ledger.observe(run, other, [summary("2")])
              const again = yield* ledger.observe(run, batch, listed, sinks)
              assert.deepStrictEqual(
                again.map(({ repeated, upToDate }) => [repeated, upToDate]),
                listed.map(() => [true, undefined])
              )
              assert.deepStrictEqual(yield* ids(ledger, { batch, notObservedIn: run }), [])
            }
          })
        )
      )

      it.live(
        "takes no job for upToDate of which a sink may lack files of the choice, and keeps what was asked for last",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const choices = ["none", "results", "all"] as const
            const page = ["unknown", ...choices].map((id) => summary(id))
            const asked = choices.flatMap((attachments): ReadonlyArray<Outcome> => [
              { ...stored(attachments), attachments },
              { ...reconciled(attachments, "r1", "db"), attachments }
            ])
            yield* ledger.record([stored("unknown"), reconciled("unknown", "r1", "db"), ...asked])
            const enough = { none: page, results: [page[0], page[2], page[3]], all: [page[3]] }
            for (const sinks of [["files"], ["files", "db"]]) {
              for (const choice of choices) {
                const observed = yield* ledger.observe(yield* ledger.begin, batch, page, sinks, choice)
                for (const { known, summary, upToDate } of observed) {
                  if (upToDate === true) assert.include(enough[choice], summary, choice)
                  else {assert.deepStrictEqual(known?.receipts.map(({ attachments }) => attachments ?? "unknown"), [
                      summary.id,
                      summary.id
                    ])}
                }
              }
            }
            yield* ledger.record([{ ...reconciled("none"), attachments: "all" }])
            const receipts = (yield* get(ledger, "none")).receipts
            assert.deepStrictEqual(receipts.map(({ attachments, sink }) => [sink, attachments]), [
              ["db", "none"],
              ["files", "all"]
            ])
          })
        )
      )

      it.live(
        "takes no job for upToDate that this run has met, and none that is not listed as it was stored",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const jobs = ["1", "2", "3"].map((id) => summary(id))
            const reworked = summary("1", { status: "complete" })
            const open = yield* ledger.begin
            yield* ledger.observe(open, batch, jobs)
            yield* ledger.record(jobs.map(({ id }) => stored(id)))
            yield* ledger.observe(open, batch, [reworked])
            const run = yield* ledger.begin
            yield* ledger.observe(run, other, [summary("1")])
            const shuffled = [jobs[2]!, reworked, jobs[1]!, jobs[2]!]
            const observed = yield* ledger.observe(run, batch, shuffled, ["files"])
            assert.deepStrictEqual(observed.map(({ repeated }) => repeated), [false, false, false, true])
            assert.strictEqual(observed[1]?.known?.storedAs?.status, "completed")
            yield* ledger.observe(run, other, [summary("2")])
            const again = yield* ledger.observe(run, batch, shuffled, ["files"])
            assert.deepStrictEqual(again.map(({ repeated }) => repeated), [true, true, true, true])
          })
        )
      )

      it.live(
        "notes of upToDate jobs that they were listed, in whatever order pages come and whatever has left the listing",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const all = Array.from({ length: 12 }, (_, i) => summary(String(i).padStart(2, "0")))
            yield* ledger.observe(yield* ledger.begin, batch, all)
            yield* ledger.record(all.map(({ id }) => stored(id)))
            const shuffled = [7, 2, 11, 0, 5, 9, 1, 10, 3, 8, 6, 4].map((i) => all[i]!)
            for (const listing of [all, shuffled, all.toReversed(), all.filter((_, i) => i !== 4 && i !== 8)]) {
              const run = yield* ledger.begin
              for (let at = 0; at < listing.length; at += 3) {
                const page = listing.slice(at, at + 3)
                const observed = yield* ledger.observe(run, batch, page, ["files"])
                assert.deepStrictEqual(
                  observed.map(({ known, upToDate, summary }) => upToDate === true ? summary.id : known?.jobId),
                  page.map(({ id }) => id)
                )
              }
              const delisted = all.filter((job) => !listing.includes(job)).map(({ id }) => id)
              assert.deepStrictEqual(yield* ids(ledger, { notObservedIn: run }), delisted)
            }
          })
        )
      )

      it.live(
        "takes no job for upToDate because one of the same id is in another batch",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const [first, second] = [summary("1"), summary("2")]
            const open = yield* ledger.begin
            yield* ledger.observe(open, batch, [first])
            yield* ledger.observe(open, other, [second])
            yield* ledger.record([stored("1"), { ...stored("2"), batch: other }])
            const run = yield* ledger.begin
            yield* ledger.observe(run, batch, [first], ["files"])
            const observed = yield* ledger.observe(run, batch, [second], ["files"])
            assert.deepStrictEqual(observed, [{ summary: second, known: null, repeated: false }])
          })
        )
      )

      it.live(
        "makes a new entry with nothing but what is listed",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.observe(yield* ledger.begin, batch, [summary("1", { frames: null, referenceId: null })])
            assert.deepStrictEqual(yield* read(ledger), [{
              projectId: "p",
              batchId: "b",
              jobId: "1",
              referenceId: null,
              listed: { status: "completed", frames: null, annotations: 10 },
              storedAs: null,
              stage: "pending",
              revision: null,
              bytes: null,
              attempts: 0,
              error: null,
              checkedAt: null,
              receipts: []
            }])
          })
        )
      )

      it.live(
        "keeps batches and projects apart though their jobs have the same ids",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const run = yield* ledger.begin
            const refs = [batch, other, { projectId: "q", batchId: "b" }]
            for (const ref of refs) {
              const [observation] = yield* ledger.observe(run, ref, [summary("1")])
              assert.deepStrictEqual([observation?.known, observation?.repeated], [null, false])
            }
            assert.strictEqual((yield* read(ledger)).length, 3)
          })
        )
      )

      it.live(
        "keeps hostile ids as they are",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const hostile = [
              "'; DROP TABLE jobs --",
              "a\u0000b",
              "a",
              "\u{1f600}",
              "\uffff",
              "é",
              "e\u0301",
              "[1]",
              " "
            ]
            const run = yield* ledger.begin
            yield* ledger.observe(run, batch, hostile.map((id) => summary(id, { referenceId: id, status: id })))
            yield* ledger.record(hostile.map((id) => stored(id, id)))
            const entries = yield* read(ledger)
            assert.deepStrictEqual(new Set(entries.map((entry) => entry.jobId)), new Set(hostile))
            for (const entry of entries) {
              assert.deepStrictEqual([entry.referenceId, entry.listed.status], [entry.jobId, entry.jobId])
              assert.deepStrictEqual(entry.receipts.map((receipt) => receipt.sink), [entry.jobId])
            }
          })
        )
      )
    })

    describe("record", () => {
      it.live(
        "of Stored keeps what is stored where, and clears what went wrong",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.observe(yield* ledger.begin, batch, [summary("1", { annotations: 11 })])
            yield* ledger.record([failed("1"), failed("1")])
            yield* ledger.record([stored("1", "files", "r1", 5), stored("1", "db", "r1", 6, changed)])
            const entry = yield* get(ledger, "1")
            assert.deepStrictEqual(entry, {
              projectId: "p",
              batchId: "b",
              jobId: "1",
              referenceId: "ref of 1",
              listed: changed,
              storedAs: changed,
              stage: "stored",
              revision: revision("r1"),
              bytes: 100,
              attempts: 0,
              error: null,
              checkedAt: 6,
              receipts: [
                { sink: "db", revision: revision("r1"), bytes: 100, attachments: null },
                { sink: "files", revision: revision("r1"), bytes: 100, attachments: null }
              ]
            })
            yield* ledger.record([stored("1", "files", "r2", 7)])
            const receipts = (yield* get(ledger, "1")).receipts
            assert.deepStrictEqual(receipts.map((one) => [one.sink, one.revision.document]), [
              ["db", "r1"],
              ["files", "r2"]
            ])
          })
        )
      )

      it.live(
        "of Failed counts attempts and keeps the error and the receipts",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.record([stored("1")])
            yield* ledger.record([failed("1", 8)])
            yield* ledger.record([failed("1", 9)])
            const entry = yield* get(ledger, "1")
            assert.deepStrictEqual([entry.stage, entry.attempts, entry.error, entry.checkedAt], ["failed", 2, gone, 9])
            assert.deepStrictEqual([entry.revision, entry.storedAs], [revision("r1"), first])
            assert.strictEqual(entry.receipts.length, 1)
          })
        )
      )

      it.live(
        "lets the last outcome of a call decide between sinks, and keeps every receipt",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.record([failed("1"), stored("1"), stored("2"), failed("2")])
            const [one, two] = [yield* get(ledger, "1"), yield* get(ledger, "2")]
            assert.deepStrictEqual([one.stage, one.attempts, one.error, one.receipts.length], ["stored", 0, null, 1])
            assert.deepStrictEqual([two.stage, two.attempts, two.error, two.receipts.length], ["failed", 1, gone, 1])
          })
        )
      )

      it.live(
        "of Unchanged notes the look and the listing, and nothing else",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.record([stored("1"), failed("1")])
            yield* ledger.record([unchanged("1", changed, 12)])
            const entry = yield* get(ledger, "1")
            assert.deepStrictEqual([entry.stage, entry.storedAs, entry.checkedAt], ["stored", changed, 12])
            assert.deepStrictEqual([entry.attempts, entry.error, entry.revision], [0, null, revision("r1")])
          })
        )
      )

      it.live(
        "of Unfinished moves the job to that stage without counting a try",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.record([failed("1"), unfinished("1")])
            const entry = yield* get(ledger, "1")
            assert.deepStrictEqual([entry.stage, entry.attempts, entry.error], ["unfinished", 1, null])
          })
        )
      )

      it.live(
        "of Reconciled makes the job where it is not known, to be compared with its next listing",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.record([reconciled("1")])
            const entry = yield* get(ledger, "1")
            assert.deepStrictEqual(entry.listed, { status: "completed", frames: null, annotations: null })
            assert.deepStrictEqual([entry.stage, entry.storedAs, entry.checkedAt], ["stored", null, null])
            assert.deepStrictEqual([entry.revision, entry.bytes, entry.receipts.length], [revision("r1"), 100, 1])
            const run = yield* ledger.begin
            const [observation] = yield* ledger.observe(run, batch, [summary("1", { annotations: 11 })])
            assert.strictEqual(observation?.known?.storedAs, null)
            assert.deepStrictEqual((yield* get(ledger, "1")).storedAs, changed)
            yield* ledger.observe(run, batch, [summary("1")])
            assert.deepStrictEqual((yield* get(ledger, "1")).storedAs, changed)
          })
        )
      )

      it.live(
        "of Reconciled adds a receipt to a known job, and does not hide that it failed",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.observe(yield* ledger.begin, batch, [summary("1")])
            yield* ledger.record([stored("2", "files", "r2"), failed("3")])
            yield* ledger.record([reconciled("1"), reconciled("2", "r1", "db"), reconciled("3")])
            const [one, two, three] = yield* read(ledger, { batch })
            assert.deepStrictEqual([one?.stage, one?.revision], ["stored", revision("r1")])
            assert.deepStrictEqual([two?.stage, two?.revision, two?.receipts.length], ["stored", revision("r2"), 2])
            assert.deepStrictEqual([three?.stage, three?.error, three?.receipts.length], ["failed", gone, 1])
          })
        )
      )
    })

    describe("record of Voided", () => {
      it.live(
        "removes the receipt of that sink alone, and keeps what is known of the job",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.observe(yield* ledger.begin, batch, [summary("1"), summary("2")])
            yield* ledger.record([stored("1"), stored("1", "db"), stored("2")])
            yield* ledger.record([voided("1")])
            const one = yield* get(ledger, "1")
            assert.deepStrictEqual([one.stage, one.revision, one.storedAs], ["stored", revision("r1"), first])
            assert.deepStrictEqual(one.receipts.map(({ sink }) => sink), ["db"])
            assert.strictEqual((yield* get(ledger, "2")).receipts.length, 1)
            assert.deepStrictEqual(
              [yield* ledger.countReceipts("files"), yield* ledger.countReceipts("db")],
              [1, 1]
            )
          })
        )
      )

      it.live(
        "leaves no job stored or upToDate that no sink holds, and no receipt of the sink",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.observe(yield* ledger.begin, batch, [summary("1"), summary("2")])
            yield* ledger.record([stored("1"), stored("2"), failed("2"), voided("1"), voided("2")])
            assert.deepStrictEqual(yield* ledger.counts(batch), { pending: 1, unfinished: 0, stored: 0, failed: 1 })
            assert.isFalse(yield* ledger.hasReceipts("files"))
            const seen = yield* ledger.observe(yield* ledger.begin, batch, [summary("1")], ["files"])
            assert.deepStrictEqual(seen.map(({ known, upToDate }) => [known?.stage, upToDate]), [[
              "pending",
              undefined
            ]])
            yield* ledger.record([stored("1", "files", "r2")])
            assert.strictEqual((yield* get(ledger, "1")).stage, "stored")
            assert.isTrue(yield* ledger.hasReceipts("files"))
          })
        )
      )

      it.live(
        "changes nothing where there is no such receipt",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.record([stored("1"), unfinished("2")])
            const before = yield* read(ledger)
            yield* ledger.record([
              voided("1", "db"),
              voided("2"),
              voided("3"),
              { _tag: "Voided", batch: { projectId: "q", batchId: "b" }, sink: "files", jobId: "1" }
            ])
            assert.deepStrictEqual(yield* read(ledger), before)
          })
        )
      )
    })

    describe("entries", () => {
      const many = Array.from({ length: 2500 }, (_, i) => summary(String(i).padStart(4, "0")))

      it.live(
        "come in order of project, batch and job id, all of them once",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const run = yield* ledger.begin
            yield* ledger.observe(run, batch, many.toReversed())
            yield* ledger.observe(run, other, [summary("z"), summary("\u{1f600}"), summary("\uffee"), summary("Z")])
            yield* ledger.observe(run, { projectId: "o", batchId: "z" }, [summary("1")])
            assert.deepStrictEqual(yield* ids(ledger), [
              "1",
              "Z",
              "z",
              "\uffee",
              "\u{1f600}",
              ...many.map((summary) => summary.id)
            ])
            assert.deepStrictEqual(yield* ids(ledger, { batch: other }), ["Z", "z", "\uffee", "\u{1f600}"])
            assert.deepStrictEqual(yield* ids(ledger, { batch: { projectId: "x", batchId: "b" } }), [])
          })
        )
      )

      it.live(
        "come by stage, and by what a run has not observed",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const run = yield* ledger.begin
            yield* ledger.observe(run, batch, many)
            yield* ledger.record(many.filter((_, i) => i % 2 === 0).map(({ id }) => failed(id)))
            const next = yield* ledger.begin
            yield* ledger.observe(next, batch, many.slice(10, 2490))
            const delisted = [...many.slice(0, 10), ...many.slice(2490)].map((summary) => summary.id)
            assert.strictEqual((yield* ids(ledger, { stage: "failed" })).length, 1250)
            assert.deepStrictEqual(yield* ids(ledger, { batch, notObservedIn: next }), delisted)
            assert.deepStrictEqual(
              yield* ids(ledger, { stage: "pending", notObservedIn: next }),
              delisted.filter((_, i) => i % 2 === 1)
            )
            assert.deepStrictEqual(yield* ledger.counts(batch), {
              pending: 1250,
              unfinished: 0,
              stored: 0,
              failed: 1250
            })
          })
        )
      )

      it.live(
        "come while the ledger is written to",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.observe(yield* ledger.begin, batch, many)
            const seen: Array<string> = []
            const walk = Stream.runForEach(ledger.entries({ batch }), (page) =>
              Effect.andThen(
                Effect.sync(() => seen.push(...page.map((entry) => entry.jobId))),
                ledger.record(page.map((entry) => stored(entry.jobId)))
              ))
            const fiber = yield* Effect.forkChild(walk)
            yield* ledger.record([stored("added")])
            yield* Fiber.join(fiber)
            assert.deepStrictEqual(seen.filter((id) => id !== "added"), many.map((summary) => summary.id))
          })
        )
      )
    })

    it.live(
      "counts the jobs of a batch by stage",
      withLedger((ledger) =>
        Effect.gen(function*() {
          const zero = { pending: 0, unfinished: 0, stored: 0, failed: 0 }
          assert.deepStrictEqual(yield* ledger.counts(batch), zero)
          yield* ledger.observe(yield* ledger.begin, batch, ["1", "2", "3", "4", "5"].map((id) => summary(id)))
          yield* ledger.record([stored("2"), stored("3"), failed("3"), unfinished("4")])
          assert.deepStrictEqual(yield* ledger.counts(batch), { pending: 2, unfinished: 1, stored: 1, failed: 1 })
          assert.deepStrictEqual(yield* ledger.counts(other), zero)
        })
      )
    )

    it.live(
      "knows of which sinks it has receipts",
      withLedger((ledger) =>
        Effect.gen(function*() {
          assert.isFalse(yield* ledger.hasReceipts("files"))
          yield* ledger.record([stored("1", "files"), reconciled("2", "r1", "db")])
          assert.isTrue(yield* ledger.hasReceipts("files"))
          assert.isTrue(yield* ledger.hasReceipts("db"))
          assert.isFalse(yield* ledger.hasReceipts("other"))
          assert.strictEqual(yield* ledger.countReceipts("files"), 1)
          assert.strictEqual(yield* ledger.countReceipts("other"), 0)
        })
      )
    )

    describe("transaction", () => {
      it.live(
        "keeps all that was noted within when it succeeds",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.transaction(Effect.forEach(["1", "2"], (id) => ledger.record([reconciled(id)])))
            yield* ledger.record([reconciled("3")])
            assert.deepStrictEqual(yield* ids(ledger), ["1", "2", "3"])
            assert.isTrue(yield* ledger.hasReceipts("files"))
          })
        )
      )

      it.live(
        "keeps nothing of it when it fails, and goes on afterwards",
        withLedger((ledger) =>
          Effect.gen(function*() {
            yield* ledger.record([stored("1")])
            const failing = Effect.andThen(
              ledger.record([stored("1", "files", "r2"), reconciled("2", "r1", "db")]),
              Effect.fail("no")
            )
            assert.strictEqual(yield* Effect.flip(ledger.transaction(failing)), "no")
            assert.isFalse(yield* ledger.hasReceipts("db"))
            assert.strictEqual((yield* get(ledger, "1")).revision?.document, "r1")
            yield* ledger.record([reconciled("3", "r1", "db")])
            assert.deepStrictEqual(yield* ids(ledger), ["1", "3"])
            assert.isTrue(yield* ledger.hasReceipts("db"))
          })
        )
      )

      it.live(
        "keeps what a run had observed before, and not what it has observed within",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const jobs = ["1", "2", "3"].map((id) => summary(id))
            yield* ledger.observe(yield* ledger.begin, batch, jobs)
            const run = yield* ledger.begin
            yield* ledger.observe(run, batch, jobs.slice(0, 1))
            const failing = Effect.andThen(ledger.observe(run, batch, jobs.slice(1, 2)), Effect.fail("no"))
            assert.strictEqual(yield* Effect.flip(ledger.transaction(failing)), "no")
            assert.deepStrictEqual(yield* ids(ledger, { batch, notObservedIn: run }), ["2", "3"])
            yield* ledger.observe(run, batch, jobs.slice(2))
            assert.deepStrictEqual(yield* ids(ledger, { batch, notObservedIn: run }), ["2"])
            const observed = yield* ledger.observe(run, batch, jobs)
            assert.deepStrictEqual(observed.map(({ repeated }) => repeated), [true, false, true])
          })
        )
      )
    })

    describe("calls that meet a transaction", () => {
      it.live(
        "wait for its end, and lose nothing when it is taken back",
        withLedger((ledger) =>
          Effect.gen(function*() {
            const began = yield* Deferred.make<void>()
            const go = yield* Deferred.make<void>()
            const failing = Effect.gen(function*() {
              yield* ledger.record([stored("1")])
              yield* Deferred.succeed(began, undefined)
              yield* Deferred.await(go)
              return yield* Effect.fail("no")
            })
            const transaction = yield* Effect.forkChild(Effect.exit(ledger.transaction(failing)))
            yield* Deferred.await(began)
            const others = yield* Effect.forkChild(Effect.gen(function*() {
              const run = yield* ledger.begin
              yield* ledger.observe(run, batch, [summary("2")])
              yield* ledger.record([stored("3")])
              yield* ledger.transaction(ledger.record([stored("4")]))
              yield* ledger.end(run, ended)
            }))
            yield* Effect.yieldNow
            yield* Deferred.succeed(go, undefined)
            yield* Fiber.join(transaction)
            yield* Fiber.join(others)
            assert.deepStrictEqual(yield* ids(ledger), ["2", "3", "4"])
          })
        )
      )
    })

    it.live(
      "knows of each sink whether the run that had it open last has said that it closed it",
      withLedger((ledger) =>
        Effect.gen(function*() {
          assert.isFalse(yield* ledger.opened("files"))
          assert.isFalse(yield* ledger.opened("files"))
          yield* ledger.closed("files")
          assert.isFalse(yield* ledger.opened("db"))
          assert.isTrue(yield* ledger.opened("files"))
          assert.isFalse(yield* ledger.opened("files"))
          assert.isFalse(yield* ledger.hasReceipts("files"))
        })
      )
    )

    describe("audit", () => {
      const unchecked = (audit: Audit) => Effect.map(Stream.runCollect(audit.unchecked), (pages) => pages.flat())
      const key = (jobId: string, batchId = batch.batchId) => ({ projectId: batch.projectId, batchId, jobId })

      it.live(
        "tells the receipts that the ledger has from those of another revision or number of bytes, or of none",
        withLedger((ledger) =>
          Effect.scoped(Effect.gen(function*() {
            yield* ledger.record([stored("1"), stored("2", "files", "r2"), stored("3", "db")])
            const audit = yield* ledger.audit("files")
            const found = ["1", "2", "3", "4"].map((id) => receipt(id))
            assert.deepStrictEqual(yield* audit.check(found, []), ["match", "differs", "unknown", "unknown"])
            assert.deepStrictEqual(yield* audit.check([{ ...receipt("1"), batchId: "x" }], []), ["unknown"])
            assert.deepStrictEqual(yield* audit.check([receipt("1", "r1", 101)], []), ["differs"])
            assert.deepStrictEqual(yield* (yield* ledger.audit("other")).check(found.slice(0, 1), []), ["unknown"])
          }))
        )
      )

      it.live(
        "finds the jobs with a receipt of the sink that were not checked, in order",
        withLedger((ledger) =>
          Effect.scoped(Effect.gen(function*() {
            const many = Array.from({ length: 2500 }, (_, i) => String(i).padStart(4, "0"))
            yield* ledger.record([...many.map((id) => stored(id)), stored("x", "db"), failed("y"), failed("0002")])
            const audit = yield* ledger.audit("files")
            yield* audit.check(many.slice(5, 1200).map((id) => receipt(id)), [key("0000"), key("0000", "x"), key("z")])
            yield* audit.check(many.slice(1200, 2499).map((id) => receipt(id, "r2")), [])
            assert.deepStrictEqual(
              yield* unchecked(audit),
              ["0001", "0002", "0003", "0004", "2499"].map((id) => key(id))
            )
            assert.deepStrictEqual(yield* unchecked(yield* ledger.audit("db")), [key("x")])
            assert.deepStrictEqual(yield* unchecked(yield* ledger.audit("other")), [])
          }))
        )
      )
    })
  })
}
