/** A10, and A01 for sinks whose readers see what `finish` has published: nothing earlier, nothing half, and once. */
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { lstatSync } from "node:fs"
import { join } from "node:path"
import { must, rule, type Unkept } from "../../Rule.ts"
import type { Subject } from "../../Subject.ts"
import { play, playWell } from "../child/play.ts"
import { batches, type Step } from "../child/script.ts"
import { sha256 } from "../contents.ts"
import { after, jobs, plain, recordsOf, type TestJob } from "../jobs.ts"
import { treeDifference } from "../tree.ts"
import { type Trial, trial } from "../trial.ts"
import { inspectFinds } from "./whole.ts"

type Published = ReadonlyMap<string, Uint8Array>

const hashes = (of: Published) => new Map(Array.from(of, ([path, bytes]) => [path, sha256(bytes)]))

/** Says the first difference between two publications, or undefined. */
const apart = (before: Published, found: Published) => treeDifference(hashes(before), hashes(found))

/** Fails unless exactly this is published. */
export const publishedIs = (found: Published, expected: Published, when: string): Effect.Effect<void, Unkept> => {
  const differs = apart(expected, found)
  return must(differs === undefined, () => `${when}: of what is published, ${differs}`)
}

/** A run that stores some batches, as its process does. */
const session = <E>(at: Trial, run: (sink: JobSink.OpenSink) => Effect.Effect<void, E>) =>
  Effect.scoped(Effect.flatMap(at.open, run))

/** What a sink publishes that is given these batches, each in its own run. */
const publicationOf = Effect.fnUntraced(function*(subject: Subject, batches: ReadonlyArray<ReadonlyArray<TestJob>>) {
  const at = yield* trial(subject)
  for (const [index, batch] of batches.entries()) yield* at.run([batch], `run-${index}`)
  return yield* at.published("after a run")
})

/** The part of A01 about `finish`. */
export const nothingBeforeFinish = Effect.fnUntraced(function*(subject: Subject) {
  const at = yield* trial(subject)
  const [first, second] = [yield* jobs(plain(4)), yield* jobs([...plain(4, 1), ...plain(2, 0, 20)])]
  const none: Published = new Map()
  let before = none
  for (const [token, batch] of [["first", first], ["second", second]] as const) {
    const is = (expected: Published, when: string) =>
      Effect.flatMap(at.published(when), (found) => publishedIs(found, expected, when))
    yield* session(at, (sink) =>
      Effect.gen(function*() {
        yield* is(before, "opened and not finished")
        yield* sink.stage(token, recordsOf(batch))
        yield* is(before, "staged and not finished")
        yield* sink.commit(token)
        yield* is(before, "committed and not finished")
        yield* sink.finish({ outcome: "stopped" })
        yield* is(before, "finished by a run that was stopped")
      }))
    yield* is(before, "after a run that was stopped")
    yield* at.run([], "nothing", batch === first ? "completed" : "partial")
    before = yield* publicationOf(subject, batch === first ? [first] : [first, second])
    yield* must(before.size > 0, "nothing is published after a run")
    yield* is(before, "after a run in which nothing new came, and one before that did not publish")
  }
})

/** At most this many moments at which `finish` is killed. */
const mostPoints = 16

/** Fails unless readers see the old publication, the new one, or, if there are entry files, none of these. */
const isNoHalf = (entries: ReadonlyArray<string>, old: Published, next: Published, found: Published, when: string) => {
  const seen = entries.filter((entry) => found.has(entry))
  if (entries.length > 0 && seen.length === 0) return Effect.void
  // Several entry files are put one after the other.
  const without = (of: Published) =>
    new Map(Array.from(of).filter(([path]) => !entries.includes(path) || seen.includes(path)))
  const differs = apart(without(next), found)
  if (differs === undefined || apart(without(old), found) === undefined) return Effect.void
  return must(false, `${when}: readers see neither the old publication nor the new one, of which ${differs}`)
}

/** What names a file on its disk, and when it was written. */
const stamps = (at: Trial, published: Published): ReadonlyMap<string, string> =>
  new Map(Array.from(published.keys(), (path) => {
    const { ino, mtimeMs } = lstatSync(join(at.target, path))
    return [path, `${ino} ${mtimeMs}`]
  }))

export const A10 = rule(
  "A10",
  "publishes exactly once when finish is killed at any operation and run again, and keeps unchanged files",
  { published: true, files: true, module: true, node: true },
  (subject) =>
    Effect.gen(function*() {
      const { entries = [] } = subject
      const all = yield* batches()
      const [first, second] = [all[0]!, all[1]!]
      const old = yield* publicationOf(subject, [first])
      const next = yield* publicationOf(subject, [first, second])
      const script = (killAtUse?: number): ReadonlyArray<Step> => [
        { do: "open" },
        { do: "stage", batch: 1 },
        { do: "commit", batch: 1 },
        killAtUse === undefined ? { do: "finish" } : { do: "finish", killAtUse },
        { do: killAtUse === undefined ? "close" : "kill" }
      ]
      const unbroken = yield* trial(subject)
      yield* unbroken.run([first])
      const before = stamps(unbroken, yield* unbroken.published("after the first run"))
      const { uses } = (yield* playWell(subject, unbroken.target, script()))[3]!
      yield* publishedIs(yield* unbroken.published("after the second run"), next, "after the second run")
      const between = stamps(unbroken, next)
      for (const [path, bytes] of next) {
        const was = old.get(path)
        const isSame = was !== undefined && Buffer.compare(was, bytes) === 0 && !entries.includes(path)
        yield* must(
          !isSame || before.get(path) === between.get(path),
          () => `${path} is written again, though unchanged`
        )
      }
      yield* unbroken.run([], "nothing")
      const rewritten = treeDifference(between, stamps(unbroken, yield* unbroken.published("after a run without data")))
      yield* must(rewritten === undefined, () => `after a run in which nothing new came: ${rewritten}`)

      const count = Math.min(uses, mostPoints)
      const each = Array.from({ length: count }, (_, at) => 1 + Math.floor(at * uses / count)).concat(uses)
      // The middle comes first: a kill there leaves a target that is published by half.
      const fromMiddle = (use: number) => Math.abs(use - uses / 2)
      const points = new Set(each.sort((one, other) => fromMiddle(one) - fromMiddle(other)))
      yield* Effect.forEach(points, (killAtUse) =>
        Effect.scoped(Effect.gen(function*() {
          const at = yield* trial(subject)
          const when = `finish was killed at file operation ${killAtUse} of ${uses}`
          yield* at.run([first])
          const { end, stderr } = yield* play(subject, at.target, script(killAtUse))
          yield* must(end === "SIGKILL", () => `${when}: the process ended with ${end}: ${stderr.slice(-400)}`)
          yield* isNoHalf(entries, old, next, yield* at.published(when), when)
          yield* session(at, (sink) =>
            Effect.gen(function*() {
              yield* isNoHalf(entries, old, next, yield* at.published(when), `${when}, opened again`)
              yield* sink.finish({ outcome: "completed" })
            }))
          yield* publishedIs(yield* at.published(when), next, `${when}, and run again`)
          if (!at.sink.capabilities.inspectable) return
          yield* inspectFinds(
            at,
            after(at.sink.capabilities.keying, [first, second]),
            "content",
            `${when}, and run again`
          )
        })), { concurrency: 2, discard: true })
    })
)
