/** C05 and C07: power cuts. The sink runs once in its own process, and what it did is replayed up to each point. */
import * as Effect from "effect/Effect"
import { must, rule } from "../../Rule.ts"
import type { Subject } from "../../Subject.ts"
import { playWell } from "../child/play.ts"
import { type Answer, batches, type Step } from "../child/script.ts"
import { after } from "../jobs.ts"
import { powerCuts } from "../powerCut.ts"
import { store, trial } from "../trial.ts"
import { holdsWhole, inspectFinds } from "./whole.ts"

/** What storing the batches does below the target, for each subject that was asked. */
const recorded = new WeakMap<Subject, ReadonlyArray<Answer>>()

/** The operations of a process that stores the batches one by one, and how many each store had done in the end. */
const storing = Effect.fnUntraced(function*(subject: Subject) {
  const at = yield* trial(subject)
  const count = (yield* batches()).length
  const answers = recorded.get(subject) ?? (yield* playWell(subject, at.target, [
    { do: "record" },
    { do: "open" },
    ...Array.from({ length: count }, (_, batch): Step => ({ do: "store", batch, tries: 1 })),
    { do: "recorded" },
    { do: "close" }
  ]))
  recorded.set(subject, answers)
  const operations = answers[count + 2]!.operations ?? []
  yield* must(operations.length > 0, "no use of node:fs was seen: say `io: \"native\"`")
  return { operations, ends: answers.slice(1, count + 2).map(({ recorded }) => recorded) }
})

const powerCut = { fsync: true, files: true, readBack: true, module: true, node: true } as const

export const C05 = rule(
  "C05",
  "has synced every file and folder of a batch when commit returns",
  powerCut,
  (subject) =>
    Effect.gen(function*() {
      const all = yield* batches()
      const { ends, operations } = yield* storing(subject)
      for (const [count, end] of ends.entries()) {
        if (count === 0) continue
        for (const { lost, restore } of powerCuts(operations, end, end)) {
          const at = yield* trial(subject)
          restore(at.target)
          const paths = lost.slice(0, 3).join(", ")
          const when = `without what was not synced when commit ${count} returned (${paths})`
          yield* Effect.scoped(Effect.andThen(at.open, holdsWhole(at, all, [count], when)))
        }
      }
    })
)

export const C07 = rule(
  "C07",
  "loses nothing acknowledged and leaves no part of a batch when the power is cut in a commit",
  powerCut,
  (
    subject
  ) =>
    Effect.gen(function*() {
      const all = yield* batches()
      const { ends, operations } = yield* storing(subject)
      // A commit into an empty target, and one that replaces jobs.
      const cuts = [0, 1].flatMap((count) =>
        Array.from(powerCuts(operations, ends[count]!, ends[count + 1]!), (cut) => ({ ...cut, count }))
      )
      yield* Effect.forEach(cuts, ({ at: operation, count, lost, restore }) =>
        Effect.scoped(Effect.gen(function*() {
          const at = yield* trial(subject)
          restore(at.target)
          const paths = lost.slice(0, 3).join(", ")
          const when = `power cut after operation ${operation - ends[count]!} of batch ${count + 1} (without ${paths})`
          yield* Effect.scoped(Effect.gen(function*() {
            const sink = yield* at.open
            if (at.sink.capabilities.visibility !== "stage") {
              yield* holdsWhole(at, all, operation === ends[count + 1] ? [count + 1] : [count, count + 1], when)
            }
            yield* store(sink, "again", all[count]!)
          }))
          yield* holdsWhole(at, all, [count + 1], `${when}, and stored again`)
          const { inspectable, keying } = at.sink.capabilities
          if (!inspectable || keying !== "upsert") return
          yield* inspectFinds(at, after(keying, all.slice(0, count + 1)), "content", when)
        })), { concurrency: 2, discard: true })
    })
)
