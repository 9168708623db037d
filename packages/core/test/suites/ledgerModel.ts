/** Any sequence of calls leaves a ledger in the same state as the one in memory, and is answered the same. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { JobSummary } from "../../src/Job.ts"
import type { Receipt } from "../../src/JobSink.ts"
import { type EntryFilter, JobStage, Ledger, type Outcome } from "../../src/Ledger.ts"
import * as LedgerMemory from "../../src/LedgerMemory.ts"

const ids = Schema.Literals(["1", "2", "\u{1f600}", "\uffff", "a'\u0000"])
const small = Schema.Literals([0, 1, 2])
const count = Schema.NullOr(Schema.Literals([0, 1.5, 3]))
const batchId = Schema.Literals(["a", "b"])

const Listed = Schema.Struct({ status: Schema.Literals(["completed", "open"]), frames: count, annotations: count })
const Line = Schema.Struct({ id: ids, referenceId: Schema.NullOr(Schema.Literals(["x", "y"])), listed: Listed })
const Event = Schema.Struct({
  tag: Schema.Literals(["Stored", "Unchanged", "Unfinished", "Failed", "Adopted"]),
  batchId,
  jobId: ids,
  sink: Schema.Literals(["files", "db", "\u{1f600}", "\uffff"]),
  revision: small,
  listed: Listed,
  retryable: Schema.Boolean,
  at: small
})
const Call = Schema.Union([
  Schema.Struct({ call: Schema.Literal("begin") }),
  Schema.Struct({
    call: Schema.Literal("end"),
    outcome: Schema.Literals(["completed", "stopped", "broken"]),
    count: small
  }),
  Schema.Struct({ call: Schema.Literal("observe"), batchId, page: Schema.Array(Line).check(Schema.isMaxLength(6)) }),
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
  switch (tag) {
    case "Stored":
      return { _tag: tag, batch, sink, receipt, listed, at }
    case "Unchanged":
      return { _tag: tag, batch, jobId, listed, at }
    case "Unfinished":
      return { _tag: tag, batch, jobId }
    case "Failed":
      return { _tag: tag, batch, jobId, error: { reason: sink, message: "it failed", retryable }, at }
    case "Adopted":
      return { _tag: tag, batch, sink, receipt }
  }
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
      answers.push(yield* ledger.observe(run, batchOf(call.batchId), call.page.map(summaryOf)))
    }
    if (call.call === "record") yield* ledger.record(call.events.map(outcomeOf))
  }
  answers.push((yield* Stream.runCollect(ledger.runs)).flat())
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
    { arbitrary: { runs: 100 } }
  )
}
