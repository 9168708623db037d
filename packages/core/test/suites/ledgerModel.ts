/** Any sequence of calls leaves a ledger in the same state as the one in memory, and is answered the same. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { scale } from "../../../../scripts/testScale.ts"
import type { AttachmentChoice, JobSummary } from "../../src/Job.ts"
import type { Receipt } from "../../src/JobSink.ts"
import { type EntryFilter, JobStage, Ledger, type Observation, type Outcome } from "../../src/Ledger.ts"
import * as LedgerMemory from "../../src/LedgerMemory.ts"
import { holds } from "../../src/Selection.ts"

const ids = Schema.Literals(["1", "2", "\u{1f600}", "\uffff", "a'\u0000"])
const small = Schema.Literals([0, 1, 2])
const count = Schema.NullOr(Schema.Literals([0, 1.5, 3]))
const batchId = Schema.Literals(["a", "b"])

const Listed = Schema.Struct({ status: Schema.Literals(["completed", "open"]), frames: count, annotations: count })
const Line = Schema.Struct({ id: ids, referenceId: Schema.NullOr(Schema.Literals(["x", "y"])), listed: Listed })
const sink = Schema.Literals(["files", "db", "\u{1f600}", "\uffff"])
const attachments = Schema.UndefinedOr(Schema.Literals(["none", "results", "all"]))
const Event = Schema.Struct({
  tag: Schema.Literals(["Stored", "Unchanged", "Unfinished", "Failed", "Reconciled", "Voided"]),
  batchId,
  jobId: ids,
  sink,
  revision: small,
  attachments,
  listed: Listed,
  retryable: Schema.Boolean,
  at: small
})
const Call = Schema.Union([
  Schema.Struct({ call: Schema.Literal("begin") }),
  Schema.Struct({
    call: Schema.Literal("end"),
    outcome: Schema.Literals(["completed", "stopped", "aborted"]),
    count: small
  }),
  Schema.Struct({
    call: Schema.Literal("observe"),
    batchId,
    page: Schema.Array(Line).check(Schema.isMaxLength(6)),
    sinks: Schema.UndefinedOr(Schema.Array(sink).check(Schema.isMaxLength(2))),
    attachments
  }),
  // What a second run does: the same page again, asked about a sink that holds most of it.
  Schema.Struct({ call: Schema.Literal("store and observe"), batchId, page: Schema.Array(Line), sink, attachments }),
  Schema.Struct({ call: Schema.Literal("record"), events: Schema.Array(Event).check(Schema.isMaxLength(6)) })
])

const batchOf = (id: string) => ({ projectId: "p", batchId: id })

const summaryOf = ({ id, listed, referenceId }: typeof Line.Type): JobSummary => ({
  id,
  referenceId,
  ...listed,
  tag: null,
  priorityWeight: null
})

const receiptOf = (event: typeof Event.Type): Receipt => ({
  batchId: event.batchId,
  jobId: event.jobId,
  revision: { document: String(event.revision), attachments: "" },
  bytes: event.revision
})

const outcomeOf = (event: typeof Event.Type): Outcome => {
  const { at, jobId, listed, retryable, sink, tag } = event
  const batch = batchOf(event.batchId)
  const receipt = receiptOf(event)
  const asked = event.attachments === undefined ? {} : { attachments: event.attachments }
  switch (tag) {
    case "Stored":
      return { _tag: tag, batch, sink, receipt, ...asked, listed, at }
    case "Unchanged":
      return { _tag: tag, batch, jobId, listed, at }
    case "Unfinished":
      return { _tag: tag, batch, jobId }
    case "Failed":
      return { _tag: tag, batch, jobId, error: { reason: sink, message: "it failed", retryable }, at }
    case "Reconciled":
      return { _tag: tag, batch, sink, receipt, ...asked }
    case "Voided":
      return { _tag: tag, batch, sink, jobId }
  }
}

/** An answer with one choice taken out: a job that is up to date may come as `upToDate`, or with its entry. */
const choiceless = (
  sinks: ReadonlyArray<string> | undefined,
  attachments: AttachmentChoice | undefined
) =>
(answer: Observation) => {
  const { known, repeated, upToDate, summary } = answer
  const { annotations, frames, status } = summary
  const isSettled = sinks !== undefined && !repeated && known?.stage === "stored" && known.storedAs !== null &&
    known.storedAs.status === status && known.storedAs.frames === frames &&
    known.storedAs.annotations === annotations && sinks.every((sink) => holds(known, sink, attachments))
  return upToDate === true || isSettled ? { summary, repeated, upToDate: true } : answer
}

/** Makes the calls one after the other and answers all that they, and every way of reading afterwards, answered. */
const play = Effect.fnUntraced(function*(ledger: Ledger["Service"], calls: ReadonlyArray<typeof Call.Type>) {
  const answers: Array<unknown> = []
  let run = yield* ledger.begin
  for (const call of calls) {
    if (call.call === "begin") run = yield* ledger.begin
    if (call.call === "end") {
      const { count, outcome } = call
      const counts = { listed: count, exported: count, unchanged: 0, unfinished: 0, failed: 0, bytes: count }
      yield* ledger.end(run, { outcome, ...counts })
    }
    if (call.call === "observe") {
      const { attachments, batchId, page, sinks } = call
      const observed = yield* ledger.observe(run, batchOf(batchId), page.map(summaryOf), sinks, attachments)
      answers.push(observed.map(choiceless(sinks, attachments)))
    }
    if (call.call === "store and observe") {
      const { attachments, batchId, page, sink } = call
      const [batch, jobs] = [batchOf(batchId), page.map(summaryOf)]
      const receipt = (jobId: string) => ({ batchId, jobId, revision: { document: "0", attachments: "" }, bytes: 0 })
      yield* ledger.record(
        page.slice(1).map(({ id, listed }): Outcome => ({
          _tag: "Stored",
          batch,
          sink,
          receipt: receipt(id),
          attachments: "results",
          listed,
          at: 0
        }))
      )
      for (let times = 0; times < 2; times++) {
        run = yield* ledger.begin
        // An empty page leaves no order to continue in.
        if (times === 0) yield* ledger.observe(run, batch, [])
        for (const part of [jobs.slice(0, 2), jobs.slice(2), jobs.slice(0, 1)]) {
          const observed = yield* ledger.observe(run, batch, part, [sink], attachments)
          answers.push(observed.map(choiceless([sink], attachments)))
        }
      }
    }
    if (call.call === "record") yield* ledger.record(call.events.map(outcomeOf))
  }
  // Times are those of the ledger's own clock, which is a server's for some.
  answers.push(
    (yield* Stream.runCollect(ledger.runs)).flat().map(({ end, endedAt, run }) => [run, end, endedAt === null])
  )
  const filters: Array<EntryFilter> = [{}, { notObservedIn: run }, { notObservedIn: run - 1 }]
  for (const stage of JobStage.literals) {
    filters.push({ stage }, { batch: batchOf("a"), stage }, { batch: batchOf("b"), stage, notObservedIn: run })
  }
  for (const filter of filters) answers.push((yield* Stream.runCollect(ledger.entries(filter))).flat())
  for (const id of ["a", "b"]) answers.push(yield* ledger.counts(batchOf(id)))
  for (const sink of ["files", "db"]) {
    answers.push(yield* ledger.hasReceipts(sink))
    const audit = yield* ledger.audit(sink)
    const receipts = calls.flatMap((call) => call.call === "record" ? call.events.map(receiptOf) : [])
    answers.push(yield* audit.check(receipts.slice(0, 4), receipts.slice(4, 6)))
    answers.push((yield* Stream.runCollect(audit.unchecked)).flat())
  }
  return answers
})

export const model = <E>(name: string, layer: Layer.Layer<Ledger, E>) => {
  const answers = <E2>(calls: ReadonlyArray<typeof Call.Type>, layer: Layer.Layer<Ledger, E2>) =>
    Effect.provide(Ledger.use((ledger) => Effect.scoped(play(ledger, calls))), layer, { local: true })

  it.effect.prop(
    `${name} answers any sequence of calls as the ledger in memory does`,
    [Schema.Array(Call).check(Schema.isMaxLength(12))],
    ([calls]) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* answers(calls, layer), yield* answers(calls, LedgerMemory.layer))
      }),
    { arbitrary: { runs: scale(20, 100) } }
  )
}
