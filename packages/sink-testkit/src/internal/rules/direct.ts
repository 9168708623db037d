/** D: several processes that write to one target at once, with no branch and no merge between them. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { must, type Rule, rule } from "../../Rule.ts"
import { playWell } from "../child/play.ts"
import { batches } from "../child/script.ts"
import { difference } from "../compare.ts"
import { jobs, latest, plain, recordsOf } from "../jobs.ts"
import { ticks } from "../ticks.ts"
import { store, trial } from "../trial.ts"
import { receiptsMatch } from "./whole.ts"

const D01 = rule(
  "D01",
  "holds each job once when two processes write at once, and the later commit of a job wins",
  { direct: true, readBack: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const [first, second, third] = [yield* jobs(plain(4)), yield* jobs(plain(6, 1)), yield* jobs(plain(2, 2))]
      const one = yield* at.open
      const other = yield* at.open
      yield* store(one, "first", first)
      yield* at.holds(first, "after one commit")
      yield* store(other, "second", second)
      yield* at.holds(second, "after a commit of another writer")
      yield* store(one, "third", third)
      yield* at.holds(latest(second, third), "after a further commit of the first writer")
      yield* one.finish({ outcome: "completed" })
      yield* at.holds(latest(second, third), "when one of two writers has finished")
      yield* store(other, "fourth", first)
      yield* at.holds(latest(second, third, first), "after a commit of the other writer")
      yield* other.finish({ outcome: "completed" })
      if (subject.module !== undefined) yield* inProcesses(subject)
    })
)

/** Two processes that store the same batches at the same time. */
const inProcesses = Effect.fnUntraced(function*(subject: Parameters<typeof playWell>[0]) {
  const at = yield* trial(subject)
  const all = yield* batches()
  const steps = all.map((_, batch) => ({ do: "store", batch, tries: 5 }) as const)
  yield* Effect.forEach(
    [steps, steps.toReversed()],
    (order) => playWell(subject, at.target, [{ do: "open" }, ...order, { do: "finish" }, { do: "close" }]),
    { concurrency: 2, discard: true }
  )
  const found = yield* at.found("after two processes")
  const names = (of: ReadonlyArray<{ readonly batchId: string; readonly jobId: string }>) =>
    of.map(({ batchId, jobId }) => `${batchId}/${jobId}`).sort().join("\n")
  const expected = latest(...all)
  yield* must(
    names(found) === names(recordsOf(expected)),
    () => `after two processes that stored ${expected.length} jobs, ${found.length} are there`
  )
  const revisions = all.flat()
  for (const job of found) {
    const of = revisions.filter(({ record }) => record.jobId === job.jobId && record.batchId === job.batchId)
    const differs = of.map((one) => difference([job], [one]))
    yield* must(differs.includes(undefined), () => `after two processes, a job is no revision of it: ${differs[0]}`)
  }
})

/** Turns of the event loop between a commit and the loss of its answer. */
const moments = [0, 1, 2, 5, 10]

const D02 = rule(
  "D02",
  "recognizes a commit by its token when its acknowledgement was lost, and does not repeat it",
  { direct: true, readBack: true, outage: true },
  (subject) =>
    Effect.forEach(moments, (moment) =>
      Effect.scoped(Effect.gen(function*() {
        const at = yield* trial(subject)
        const [first, second] = [yield* jobs(plain(4)), yield* jobs(plain(4, 1))]
        const sink = yield* at.open
        yield* sink.stage("lost", recordsOf(first))
        const committing = yield* Effect.forkChild(Effect.result(sink.commit("lost")), { startImmediately: true })
        yield* ticks(moment)
        yield* Effect.scoped(Effect.andThen(subject.outage!(at.target), Fiber.join(committing)))
        const answer = yield* Fiber.join(committing)
        const when = `acknowledgement lost at moment ${moment}`
        if (answer._tag === "Failure") {
          const { isRetryable, message, reason } = answer.failure
          yield* must(isRetryable, `${when}: the failure is ${reason}, as if it were final: ${message}`)
        }
        const isThere = difference(yield* at.found(when), first) === undefined
        if (!isThere) yield* at.holds([], `${when}, and nothing committed`)
        // A repeated commit must not undo a later one.
        if (isThere) yield* Effect.scoped(Effect.flatMap(at.open, (other) => store(other, "later", second)))
        // As the engine does: the sink may notice only now that its connection is gone.
        const again = Effect.retry(sink.commit("lost"), { times: 3, while: (error) => error.isRetryable })
        yield* receiptsMatch(yield* again, first, `${when}, commit repeated`)
        yield* at.holds(isThere ? second : first, `${when}, commit repeated`)
      })), { discard: true })
)

export const direct: ReadonlyArray<Rule> = [D01, D02]
