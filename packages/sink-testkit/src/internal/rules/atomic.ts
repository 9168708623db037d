/** A: batches are all or nothing, and once. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { must, type Rule, rule, Unkept } from "../../Rule.ts"
import { difference, type receiptsDifference } from "../compare.ts"
import { sha256 } from "../contents.ts"
import { after, jobs, keyOf, latest, plain, recordsOf, type TestJob, withInput } from "../jobs.ts"
import { ticks } from "../ticks.ts"
import { tree, treeDifference } from "../tree.ts"
import { store, trial } from "../trial.ts"
import { A10, nothingBeforeFinish } from "./publish.ts"
import { inspectFinds, receiptsMatch } from "./whole.ts"

/** The same jobs in the same revisions. A08 checks the rest of a receipt. */
const namesMatch = (found: Parameters<typeof receiptsDifference>[0], of: ReadonlyArray<TestJob>, when: string) => {
  const names = (all: ReadonlyArray<Parameters<typeof keyOf>[0]>) => all.map(keyOf).sort().join("\n")
  return must(names(found) === names(recordsOf(of)), `${when} does not give one receipt for each job`)
}

const A01 = rule(
  "A01",
  "shows a reader nothing that is only staged or not yet published",
  { readBack: true, commit: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const [first, second] = [yield* jobs(plain(4)), yield* jobs([...plain(4, 1), ...plain(2, 0, 20)])]
      const sink = yield* at.open
      yield* sink.stage("first", recordsOf(first))
      yield* at.holds([], "staged in an empty target")
      yield* sink.commit("first")
      yield* sink.stage("second", recordsOf(second))
      yield* at.holds(first, "staged next to committed jobs")
      if (at.sink.capabilities.inspectable) {
        const found = yield* at.inspected("manifest")
        const receipts = found.flatMap((item) => item._tag === "Intact" ? [item.receipt] : [])
        yield* receiptsMatch(receipts, first, "inspect while something is staged")
      }
      yield* sink.commit("second")
      if (at.sink.capabilities.visibility === "finish" && subject.published !== undefined) {
        yield* nothingBeforeFinish(subject)
      }
    })
)

const A02 = rule(
  "A02",
  "shows the complete batch when commit returns, and never a part of it",
  { readBack: true, commit: true, atOnce: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const sink = yield* at.open
      const batches: Array<ReadonlyArray<TestJob>> = []
      for (let round = 0; round < 4; round++) {
        // New jobs and reworked ones, all of one platform batch: a sink may keep books for each.
        const sketches = [...plain(6, 0, round * 8), ...round === 0 ? [] : plain(3, round, 0)]
        const batch = yield* jobs(sketches.map((sketch) => ({ ...sketch, batch: "one" })))
        const { keying } = at.sink.capabilities
        const [before, afterwards] = [after(keying, batches), after(keying, [...batches, batch])]
        yield* sink.stage(`t-${round}`, recordsOf(batch))
        const commit = yield* Effect.forkChild(sink.commit(`t-${round}`), { startImmediately: true })
        while (commit.pollUnsafe() === undefined) {
          const found = yield* at.found("while commit was under way")
          const differs = difference(found, before) === undefined ? undefined : difference(found, afterwards)
          yield* must(differs === undefined, () => `while commit was under way: ${differs}`)
          yield* ticks(1)
        }
        yield* Fiber.join(commit)
        yield* at.holds(afterwards, "as soon as commit returns")
        batches.push(batch)
      }
    })
)

const A03 = rule(
  "A03",
  "returns the same jobs for a repeated commit and stores nothing twice",
  { readBack: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const [first, second] = [yield* jobs(plain(4)), yield* jobs(plain(3, 0, 10))]
      const sink = yield* at.open
      yield* namesMatch(yield* store(sink, "first", first), first, "first commit")
      yield* namesMatch(yield* sink.commit("first"), first, "the same commit again")
      yield* at.holds(first, "after the same commit twice")
      yield* store(sink, "second", second)
      yield* namesMatch(yield* sink.commit("first"), first, "the same commit, after another one")
      yield* at.holds([...first, ...second], "after a commit was repeated")
    })
)

const A04 = rule(
  "A04",
  "takes a batch that is staged twice under one token as one",
  { readBack: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const batch = yield* jobs(plain(5))
      const sink = yield* at.open
      yield* sink.stage("t", recordsOf(batch))
      yield* namesMatch(yield* store(sink, "t", batch), batch, "staged twice")
      yield* at.holds(batch, "staged twice and committed")
    })
)

const A05 = rule("A05", "holds the same content after the same run again, and the same bytes if it is deterministic", {
  readBack: true,
  upsert: true
}, (subject) =>
  Effect.gen(function*() {
    const [one, other] = [yield* trial(subject), yield* trial(subject)]
    const batches = [yield* jobs(plain(5)), yield* jobs(plain(4, 0, 5))]
    yield* one.run(batches, "first")
    yield* other.run(batches.toReversed().map((batch) => batch.toReversed()), "other")
    yield* one.holds(batches.flat(), "after the first run")
    const first = tree(one.target)
    const isExact = one.sink.capabilities.deterministic && subject.location === "files"
    const apart = isExact ? treeDifference(first, tree(other.target)) : undefined
    yield* must(apart === undefined, () => `the same jobs in another order, in another target: ${apart}`)
    yield* one.run(batches, "second")
    yield* one.holds(batches.flat(), "after the second run")
    const changed = isExact ? treeDifference(first, tree(one.target)) : undefined
    yield* must(changed === undefined, () => `after the second run: ${changed}`)
  }))

const A06 = rule("A06", "keeps the latest revision of a job and nothing of an older one", {
  readBack: true,
  upsert: true
}, (subject) =>
  Effect.gen(function*() {
    const at = yield* trial(subject)
    const old = yield* jobs(plain(6))
    const fewer = yield* jobs(plain(4, 1))
    yield* at.run([old], "old")
    yield* at.run([fewer], "fewer")
    yield* at.holds(latest(old, fewer), "after four of six jobs were replaced in a later run")
    const [back, newest] = [yield* jobs(plain(6, 2)), yield* jobs(plain(3, 3))]
    yield* at.run([back, newest], "newest")
    const expected = latest(back, newest)
    yield* at.holds(expected, "after two revisions in one run")
    const inputs = yield* trial(subject)
    yield* inputs.run([old], "without inputs")
    yield* inputs.run([old.map(withInput)], "with inputs")
    yield* inputs.holds(old.map(withInput), "after one revision was stored again with inputs")
    if (subject.location !== "files" || !at.sink.capabilities.deterministic) return
    const fresh = yield* trial(subject)
    yield* fresh.run([back.filter((of) => expected.includes(of)), newest], "fresh")
    const left = [...tree(at.target).keys()].find((path) => !tree(fresh.target).has(path))
    yield* must(left === undefined, () => `${left} is left over from an older revision`)
  }))

const A07 = rule(
  "A07",
  "leaves readers what was there before an abort, and undoes nothing committed",
  { readBack: true, commit: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const [stored, dropped] = [yield* jobs(plain(4)), yield* jobs([...plain(4, 1), ...plain(2, 0, 30)])]
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* at.open
        yield* sink.abort("never-staged")
        yield* store(sink, "stored", stored)
        yield* sink.stage("dropped", recordsOf(dropped))
        yield* sink.abort("dropped")
        yield* sink.abort("dropped")
        yield* at.holds(stored, "after abort")
        const receipts = yield* Effect.result(sink.commit("dropped"))
        yield* must(receipts._tag === "Failure" || receipts.success.length === 0, "an aborted batch gives receipts")
        yield* at.holds(stored, "after commit of an aborted batch")
        yield* sink.abort("stored")
        yield* at.holds(stored, "after abort of what was committed")
        yield* sink.finish({ outcome: "completed" })
      }))
      const other = yield* trial(subject)
      yield* other.run([stored])
      if (subject.location !== "files" || !at.sink.capabilities.deterministic) return
      const left = treeDifference(tree(other.target), tree(at.target))
      yield* must(left === undefined, () => `after abort and finish: ${left}`)
    })
)

const A08 = rule(
  "A08",
  "returns receipts whose hashes and sizes match what a reader finds",
  { readBack: true, documents: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const batch = yield* jobs(plain(7))
      const sink = yield* at.open
      const receipts = yield* store(sink, "t", batch)
      const found = new Map((yield* at.found("after commit")).map((of) => [keyOf(of), of]))
      for (const receipt of receipts) {
        const { attachments = [], document } = found.get(keyOf(receipt)) ?? {}
        if (document === undefined) {
          return yield* new Unkept({ detail: `a receipt for ${receipt.jobId}, which is not there` })
        }
        const bytes = attachments.reduce((sum, file) => sum + file.length, document.length)
        const files = attachments.length === 0 ? "" : sha256(attachments.map(sha256).join(""))
        yield* must(receipt.revision.document === sha256(document), `${receipt.jobId}: the document's hash is wrong`)
        yield* must(receipt.revision.attachments === files, `${receipt.jobId}: the nested files' hash is wrong`)
        yield* must(receipt.bytes === bytes, `${receipt.jobId}: ${receipt.bytes} bytes, ${bytes} are stored`)
      }
      yield* receiptsMatch(receipts, batch, "commit")
    })
)

const A09 = rule(
  "A09",
  "reports by inspect all committed jobs, each once, also after a run that did not end",
  { inspect: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const [first, second] = [yield* jobs(plain(6)), yield* jobs(plain(4, 1))]
      yield* at.run([first], "first", "stopped")
      yield* inspectFinds(at, first, "manifest", "after a run that did not complete")
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* at.open
        yield* inspectFinds(at, first, "manifest", "opened again")
        yield* store(sink, "second", second)
      }))
      const expected = after(at.sink.capabilities.keying, [first, second])
      if (at.sink.capabilities.keying === "upsert") {
        yield* inspectFinds(at, expected, "manifest", "after a run without an end")
        yield* inspectFinds(at, expected, "content", "after a run without an end")
      }
    })
)

export const atomic: ReadonlyArray<Rule> = [A01, A02, A03, A04, A05, A06, A07, A08, A09, A10]
