/** L: the life of a sink, from its description to its close. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { must, type Rule, rule } from "../../Rule.ts"
import { jobs, plain, recordsOf } from "../jobs.ts"
import { ticks } from "../ticks.ts"
import { tree, treeDifference } from "../tree.ts"
import { store, type Trial, trial } from "../trial.ts"

const isWait = (maxAge: Duration.Input): boolean => {
  const millis = Duration.toMillis(Duration.fromInputUnsafe(maxAge))
  return Number.isFinite(millis) && millis >= 0
}

const described = (sink: Trial["sink"]): string => {
  const { capabilities, id, name, version } = sink
  return JSON.stringify({ capabilities, id, name, version })
}

const L01 = rule(
  "L01",
  "leaves nothing, or a valid empty result, when it is opened and closed, or run, without data",
  {},
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      yield* Effect.scoped(at.open)
      yield* at.run([])
      yield* at.run([], "stopped", "stopped")
      if (at.sink.capabilities.inspectable) {
        const found = yield* at.inspected()
        yield* must(found.length === 0, () => `inspect finds ${JSON.stringify(found[0])}`)
      }
      if (subject.readBack !== undefined) yield* at.holds([], "after runs without data")
      yield* Effect.scoped(at.open)
    })
)

const L02 = rule(
  "L02",
  "describes itself the same way twice without touching anything, has an id per place, and shows no secret",
  {},
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const first = described(at.sink)
      yield* must(first === described(at.sink), "made twice, it describes itself differently")
      yield* must(readdirSync(at.target).length === 0, "making it has written something")
      const { capabilities, id, name, version } = at.sink
      yield* must(name !== "" && version !== "" && id !== "", "its name, version or id is empty")
      const { batch, concurrentBatches } = capabilities
      const counts = [batch.maxRecords, batch.maxBytes, concurrentBatches]
      yield* must(
        counts.every((count) => Number.isSafeInteger(count) && count >= 1),
        "a limit is not a whole number from 1"
      )
      yield* must(isWait(batch.maxAge), "its maxAge is no finite duration from 0")
      const other = yield* trial(subject)
      yield* must(at.sink.id !== other.sink.id, "its id is the same for two places: receipts would be mixed up")
      const { secret } = subject
      yield* must(secret === undefined || !first.includes(secret), "its description holds a secret")
    })
)

const L03 = rule("L03", "leaves the target byte-identical after check, and fails check where it cannot write", {
  files: true
}, (subject) =>
  Effect.gen(function*() {
    const at = yield* trial(subject)
    const empty = tree(at.around)
    yield* at.sink.check
    const made = treeDifference(empty, tree(at.around))
    yield* must(made === undefined, () => `after check of an empty target: ${made}`)
    yield* at.run([yield* jobs(plain(3))])
    const full = tree(at.around)
    yield* at.sink.check
    const changed = treeDifference(full, tree(at.around))
    yield* must(changed === undefined, () => `after check of a target with data: ${changed}`)
    const file = join(at.around, "file")
    writeFileSync(file, "a file")
    const refused = yield* Effect.exit(subject.make(join(file, "below")).check)
    yield* must(refused._tag === "Failure", "check does not fail below a regular file")
    if (process.platform !== "linux") return
    // Not even root can make anything there.
    const readOnly = yield* Effect.exit(subject.make("/sys/kernel/labelstream/target").check)
    yield* must(readOnly._tag === "Failure", "check does not fail in a read-only place")
  }))

const L04 = rule(
  "L04",
  "unlocks its target when its scope closes: on success, failure, defect, or interruption",
  {
    readBack: true
  },
  (subject) =>
    Effect.gen(function*() {
      const stored = yield* jobs(plain(4))
      const staged = yield* jobs(plain(4, 1))
      const ends: Record<string, Effect.Effect<void, string>> = {
        success: Effect.void,
        failure: Effect.fail("made to fail"),
        defect: Effect.die(new Error("made to die")),
        interruption: Effect.interrupt
      }
      for (const [end, effect] of Object.entries(ends)) {
        const at = yield* trial(subject)
        const exit = yield* Effect.exit(Effect.scoped(Effect.gen(function*() {
          const sink = yield* at.open
          yield* store(sink, "stored", stored)
          if (at.sink.capabilities.visibility !== "stage") yield* sink.stage("staged", recordsOf(staged))
          yield* effect
        })))
        const isExpected = Exit.isSuccess(exit)
          ? end === "success"
          : end !== "success" && (end !== "interruption" || Cause.hasInterrupts(exit.cause))
        yield* must(isExpected, () => `closing after ${end} ended otherwise: ${String(exit)}`)
        yield* at.holds(stored, `closed by ${end}`)
        yield* Effect.scoped(Effect.gen(function*() {
          const sink = yield* at.open
          yield* at.holds(stored, `opened again after ${end}`)
          yield* store(sink, "again", staged)
        })).pipe(Effect.mapError((error) => `after ${end}: ${error.message}`))
      }
      // Cut off while it opens, at one moment after the other.
      const at = yield* trial(subject)
      for (let moment = 0; moment < 12; moment++) {
        const fiber = yield* Effect.forkChild(Effect.scoped(at.open))
        yield* ticks(moment)
        yield* Fiber.interrupt(fiber)
      }
      yield* at.run([stored], "after")
      yield* at.holds(stored, "after openings that were cut off")
    })
)

const cycles = 8

const handles = (): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
  if (process.platform === "linux") counts.set("open files", readdirSync("/proc/self/fd").length)
  return counts
}

const L05 = rule("L05", "keeps no handle, timer, or fiber after it is closed", {}, (subject) =>
  Effect.gen(function*() {
    const at = yield* trial(subject)
    const batches = yield* Effect.forEach([0, 1, 2], (revision) => jobs(plain(2, revision)))
    const cycle = (index: number) =>
      Effect.scoped(Effect.gen(function*() {
        const sink = yield* at.open
        yield* store(sink, `t-${index}`, batches[index % 3]!)
        yield* sink.stage(`left-${index}`, recordsOf(batches[(index + 1) % 3]!))
      }))
    // A resource that is made once, such as a pool of threads, is not a leak.
    yield* cycle(0)
    yield* Effect.sleep(50)
    const before = handles()
    for (let index = 1; index <= cycles; index++) yield* cycle(index)
    let leaked: string | undefined
    for (let wait = 0; wait < 20; wait++) {
      leaked = undefined
      for (const [kind, count] of handles()) {
        if (count - (before.get(kind) ?? 0) >= cycles - 1) leaked = `${kind}: ${count}, ${before.get(kind) ?? 0} before`
      }
      if (leaked === undefined) break
      yield* Effect.sleep(50)
    }
    yield* must(leaked === undefined, () => `after ${cycles} runs there are more than before of ${leaked}`)
  }))

export const life: ReadonlyArray<Rule> = [L01, L02, L03, L04, L05]
