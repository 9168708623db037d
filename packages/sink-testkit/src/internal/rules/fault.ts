/** F: what can fail, and what comes of it. */
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { must, type Rule, rule } from "../../Rule.ts"
import type { Subject } from "../../Subject.ts"
import { jobs, keyOf, latest, plain, recordsOf } from "../jobs.ts"
import { poisoned } from "../poisoned.ts"
import { store, trial } from "../trial.ts"
import { throughOutage, usesOf } from "./crash.ts"

const F01 = rule(
  "F01",
  "calls a full disk or lost connection unavailable, and an unusable target misconfigured or conflict",
  { away: true },
  (subject) =>
    Effect.gen(function*() {
      if (subject.location !== "files") return yield* throughCut(subject)
      const at = yield* trial(subject)
      const file = join(at.around, "file")
      writeFileSync(file, "a file")
      const refused = yield* Effect.result(Effect.scoped(subject.make(join(file, "below")).open))
      yield* must(refused._tag === "Failure", "it opens below a regular file")
      if (refused._tag === "Failure") {
        const { message, reason } = refused.failure
        yield* must(
          reason === "misconfigured" || reason === "conflict",
          `a target below a regular file is ${reason}, which is not final: ${message}`
        )
      }
      if (subject.module === undefined) return
      const { errors } = yield* throughOutage(subject, 0, "full", "at errors")
      const final = errors.find(({ isRetryable }) => !isRetryable)
      yield* must(final === undefined, () => `a full disk is ${final?.reason}, as if it were final: ${final?.message}`)
      yield* must(errors.length > 1, "a full disk was not tried again")
    })
)

const F02 = rule(
  "F02",
  "rejects a record whose bytes cannot be read and stores the others of its batch",
  { readBack: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const { bad, good, records } = yield* poisoned(subject)
      const sink = yield* at.open
      const rejections = yield* sink.stage("t", records)
      const rejected = new Set(rejections.map(keyOf))
      yield* must(
        bad.every(({ record }) => rejected.has(keyOf(record))) && rejections.length === bad.length,
        () => `of two records that cannot be read and four good ones, ${rejections.length} are rejected`
      )
      const retryable = rejections.find(({ error }) => error.reason !== "rejected")
      yield* must(retryable === undefined, () => `a record is rejected as ${retryable?.error.reason}`)
      yield* sink.commit("t")
      yield* at.holds(good, "after commit")
    })
)

/** Stores before, while, and after a target that is elsewhere cannot be reached. */
const throughCut = Effect.fnUntraced(function*(subject: Subject) {
  const at = yield* trial(subject)
  const [first, second] = [yield* jobs(plain(4)), yield* jobs([...plain(2, 1), ...plain(2, 0, 20)])]
  const sink = yield* at.open
  yield* store(sink, "before", first)
  const failures = yield* Effect.scoped(Effect.gen(function*() {
    yield* subject.outage!(at.target)
    const staged = yield* Effect.result(sink.stage("cut", recordsOf(second)))
    const committed = staged._tag === "Failure" ? staged : yield* Effect.result(sink.commit("cut"))
    const opened = yield* Effect.result(Effect.scoped(at.open))
    return [committed, opened]
  }))
  for (const failure of failures) {
    yield* must(failure._tag === "Failure", "it stores in a target that cannot be reached, or opens it")
    if (failure._tag === "Success") continue
    const { isRetryable, message, reason } = failure.failure
    yield* must(isRetryable, `a target that cannot be reached is ${reason}, as if it were final: ${message}`)
  }
  if (subject.readBack !== undefined) yield* at.holds(first, "after an outage")
  yield* store(sink, "cut", second)
  yield* sink.finish({ outcome: "completed" })
  if (subject.readBack !== undefined) yield* at.holds(latest(first, second), "when the target was back")
})

const changing = [
  "open",
  "write",
  "writeFile",
  "mkdir",
  "rename",
  "link",
  "copyFile",
  "unlink",
  "rm",
  "fsync",
  "ftruncate"
]

const F03 = rule("F03", "loses and duplicates nothing when every operation of its target fails for a while", {
  away: true,
  readBack: true
}, (subject) =>
  Effect.gen(function*() {
    if (subject.location !== "files") return yield* throughCut(subject)
    if (subject.module === undefined) return
    const { commit, stage } = yield* usesOf(subject, changing)
    const skips = subject.io === "native" ? [0] : [0, stage + Math.floor(commit / 2)]
    for (const skip of skips) yield* throughOutage(subject, skip, "gone", "at everything")
  }))

export const fault: ReadonlyArray<Rule> = [F01, F02, F03]
