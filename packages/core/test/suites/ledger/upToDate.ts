/** Which jobs on a page of a listing a ledger may call up to date, without their entries. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Outcome } from "../../../src/Ledger.ts"
import { batch, failed, get, ids, other, reconciled, stored, summary, type WithLedger } from "./ledgerFixtures.ts"

export const upToDate = (withLedger: WithLedger) => {
  describe("observe", () => {
    it.live(
      "may omit the entry of a job that is up to date in the sinks asked about, and of no other job",
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
              if (upToDate === true) assert.isTrue(mayBe, `${id} is not up to date in ${sinks.join(" and ")}`)
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
      "does not take a job as up to date if a sink may lack files of the choice, and keeps the last choice",
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
      "does not take a job as up to date that this run has observed, or whose listing has changed",
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
      "records that up-to-date jobs were listed, in any order of pages, also when other jobs are no longer listed",
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
      "takes no job for up to date because another batch has a job of the same id",
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
  })
}
