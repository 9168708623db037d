/** M: several writers, each with its own branch, and the merge that publishes what they have stored. */
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { must, type Rule, rule, type Unkept } from "../../Rule.ts"
import { play, playWell } from "../child/play.ts"
import { batches } from "../child/script.ts"
import { difference } from "../compare.ts"
import { after, jobs, latest, plain, type TestJob, withInput } from "../jobs.ts"
import { tree, treeDifference } from "../tree.ts"
import { store, type Trial, trial } from "../trial.ts"
import { inspectFinds } from "./whole.ts"

const needs = { branches: true, readBack: true, commit: true, upsert: true } as const

const branchesOf = (at: Trial): JobSink.Branches => {
  const { branches } = at.sink
  if (branches === undefined) throw new Error("the rule must say that it needs branches")
  return branches
}

/**
 * Opens a writer's branch when time has passed since what was stored before: no file system's clock distinguishes what is
 * nearer together, and by the time it is known which revision of a job is the latest.
 */
const openLater = (at: Trial, writer: string) => Effect.andThen(Effect.sleep(50), branchesOf(at).open(writer))

/** A whole run of one writer. */
const write = (
  at: Trial,
  writer: string,
  batch: ReadonlyArray<TestJob>
): Effect.Effect<void, JobSink.SinkError | Unkept> =>
  Effect.scoped(Effect.gen(function*() {
    const sink = yield* openLater(at, writer)
    yield* store(sink, `of-${writer}`, batch)
    yield* sink.finish({ outcome: "completed" })
  }))

/** Merges after all writers have ended. */
const merge = Effect.fnUntraced(function*(at: Trial, when: string) {
  const answer = yield* branchesOf(at).merge
  yield* must(answer.stillOpen.length === 0, () => `${when}, the merge says that ${answer.stillOpen[0]} is still open`)
  return answer.merged
})

const M01 = rule(
  "M01",
  "lets two processes write at once, and has the jobs of both after the merge, each once",
  { ...needs, module: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const [theirs, ours] = [(yield* batches())[0]!, yield* jobs(plain(5, 0, 40))]
      const { answers, end, stderr } = yield* play(subject, at.target, [
        { do: "open", writer: "there" },
        { do: "stage", batch: 0 },
        { do: "wait" },
        { do: "commit", batch: 0 },
        { do: "finish" },
        { do: "close" }
      ], () => write(at, "here", ours))
      yield* must(end === 0 && answers.every(({ ok }) => ok), () =>
        `the other process failed: ${answers.find(({ ok }) => !ok)?.errors.at(-1)?.message ?? stderr.slice(-400)}`)
      const merged = yield* merge(at, "after two processes")
      yield* at.holds([...theirs, ...ours], "after two processes and the merge")
      yield* must(merged === theirs.length + ours.length, `the merge says ${merged} jobs`)
    })
)

const M02 = rule(
  "M02",
  "shows readers no job of a writer before the merge, and complete jobs after it",
  needs,
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const [first, second, third] = [yield* jobs(plain(6)), yield* jobs(plain(4, 1)), yield* jobs(plain(3, 0, 20))]
      yield* at.run([first])
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* openLater(at, "one")
        yield* store(sink, "second", second)
        yield* at.holds(first, "before the merge, while the writer is at work")
        yield* store(sink, "third", third)
      }))
      yield* at.holds(first, "before the merge")
      yield* merge(at, "after a writer's end")
      yield* at.holds([...latest(first, second), ...third], "after the merge")
    })
)

const M03 = rule(
  "M03",
  "keeps after the merge every commit of a killed writer, and no part of a batch",
  { ...needs, module: true },
  (subject) =>
    Effect.gen(function*() {
      const all = yield* batches()
      const begun = [{ do: "open", writer: "killed" }, { do: "stage", batch: 0 }, { do: "commit", batch: 0 }, {
        do: "stage",
        batch: 1
      }] as const
      const counted = yield* trial(subject)
      const { uses } = (yield* playWell(subject, counted.target, [...begun, { do: "commit", batch: 1 }])).at(-1)!
      const points = [...new Set([1, Math.ceil(uses / 2), uses])].filter((use) => use > 0)
      yield* Effect.forEach([undefined, ...points], (killAtUse) =>
        Effect.scoped(Effect.gen(function*() {
          const at = yield* trial(subject)
          const when = killAtUse === undefined
            ? "killed before a commit"
            : `killed at file operation ${killAtUse} of a commit`
          const { answers, end } = yield* play(subject, at.target, [
            ...begun,
            ...killAtUse === undefined ? [] : [{ do: "commit", batch: 1, killAtUse } as const],
            { do: "kill" }
          ])
          yield* must(end === "SIGKILL", () => `${when}: the process ended with ${end}`)
          yield* merge(at, when)
          const found = yield* at.found(when)
          const isTold = answers.filter(({ do: step }) => step === "commit").length === 2
          const counts = killAtUse === undefined ? [1] : isTold ? [2] : [1, 2]
          const differs = counts.map((count) => difference(found, after("upsert", all.slice(0, count))))
          yield* must(differs.includes(undefined), () => `${when}, and merged: ${differs[0]}`)
          yield* write(at, "killed", all[1]!)
          yield* merge(at, `${when}, and gone on`)
          yield* at.holds(after("upsert", all.slice(0, 2)), `${when}, and gone on`)
        })), { concurrency: 2, discard: true })
    })
)

const M04 = rule(
  "M04",
  "loses and duplicates nothing when a merge is killed at any moment and run again",
  { ...needs, module: true },
  (subject) =>
    Effect.gen(function*() {
      const [first, second, third] = [yield* jobs(plain(6)), yield* jobs(plain(4, 1)), yield* jobs(plain(4, 0, 20))]
      const expected = [...latest(first, second), ...third]
      const ready = Effect.gen(function*() {
        const at = yield* trial(subject)
        yield* at.run([first])
        yield* write(at, "one", second)
        yield* write(at, "other", third)
        return at
      })
      const counted = yield* ready
      const { uses } = (yield* playWell(subject, counted.target, [{ do: "merge" }]))[0]!
      const points = Array.from({ length: 6 }, (_, index) => Math.ceil((index + 0.5) * uses / 6))
      yield* Effect.forEach([...new Set([1, ...points])].filter((use) => use > 0), (killAtUse) =>
        Effect.scoped(Effect.gen(function*() {
          const at = yield* ready
          const when = `the merge was killed at file operation ${killAtUse} of ${uses}`
          const { end } = yield* play(subject, at.target, [{ do: "merge", killAtUse }, { do: "kill" }])
          yield* must(end === "SIGKILL", () =>
            `${when}: the process ended with ${end}`)
          yield* merge(at, when)
          yield* at.holds(expected, `${when}, and merged again`)
          if (at.sink.capabilities.inspectable) {
            yield* inspectFinds(at, expected, "content", `${when}, and merged again`)
          }
        })), { concurrency: 2, discard: true })
    })
)

const M05 = rule(
  "M05",
  "changes nothing in a second merge, and merges dead writers when one process opens it",
  needs,
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const [first, second, third] = [yield* jobs(plain(5)), yield* jobs(plain(3, 1)), yield* jobs(plain(2, 0, 30))]
      yield* write(at, "one", first)
      yield* write(at, "other", third)
      yield* merge(at, "the first time")
      const before = tree(at.target)
      const merged = yield* merge(at, "the second time")
      yield* must(merged === 0, `a second merge says that ${merged} jobs have come`)
      const differs = treeDifference(before, tree(at.target))
      yield* must(subject.location !== "files" || differs === undefined, `after a second merge, ${differs}`)
      yield* write(at, "one", second)
      yield* Effect.scoped(Effect.andThen(
        at.open,
        at.holds([...latest(first, second), ...third], "opened, with what a writer has left")
      ))
    })
)

const M06 = rule(
  "M06",
  "keeps the revision of a job that was stored last, in whatever order branches are merged",
  needs,
  (subject) =>
    Effect.gen(function*() {
      const [old, newer, newest] = [yield* jobs(plain(4)), yield* jobs(plain(4, 1)), yield* jobs(plain(4, 2))]
      for (const [early, late] of [["a", "z"], ["z", "a"]] as const) {
        const at = yield* trial(subject)
        yield* write(at, early, newer)
        yield* write(at, late, newest)
        yield* merge(at, "after two writers")
        yield* at.holds(newest, `stored by ${early} first and by ${late} then`)
      }
      const again = yield* trial(subject)
      yield* write(again, "a", old)
      yield* write(again, "z", old)
      yield* merge(again, "after two writers")
      yield* again.holds(old, "stored twice in one revision")
      const more = old.map(withInput)
      yield* write(again, "b", more)
      yield* merge(again, "after a writer with inputs")
      yield* again.holds(more, "stored again with inputs")
      const at = yield* trial(subject)
      yield* Effect.scoped(Effect.gen(function*() {
        const slow = yield* branchesOf(at).open("slow")
        yield* store(slow, "newer", newer)
        yield* write(at, "quick", newest)
        yield* branchesOf(at).merge
        yield* at.holds(newest, "merged while the writer of an older revision is still open")
      }))
      yield* merge(at, "after the slow writer")
      yield* at.holds(newest, "the older revision merged last")
    })
)

const M07 = rule(
  "M07",
  "counts by inspect and returns by replay the jobs of branches, each once in its latest revision",
  { ...needs, inspect: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const [first, second, third] = [yield* jobs(plain(6)), yield* jobs(plain(4, 1)), yield* jobs(plain(2, 2))]
      yield* at.run([first])
      yield* write(at, "z", second)
      const expected = latest(latest(first, second), third)
      const isRight = (when: string) =>
        Effect.gen(function*() {
          for (const depth of ["manifest", "content"] as const) yield* inspectFinds(at, expected, depth, when)
          const { replay } = at.sink
          if (replay === undefined) return
          const replayed = yield* Stream.runCollect(
            Stream.mapEffect(replay, ({ attachments, batchId, document, jobId }) =>
              Effect.gen(function*() {
                const files = [...attachments].sort((one, other) => one.index - other.index)
                return {
                  batchId,
                  jobId,
                  document: yield* document.collect,
                  attachments: yield* Effect.forEach(files, ({ content }) => content.collect)
                }
              }))
          )
          const differs = difference(replayed, expected)
          yield* must(differs === undefined, () => `${when}, replayed: ${differs}`)
        })
      yield* Effect.scoped(Effect.gen(function*() {
        yield* store(yield* openLater(at, "a"), "third", third)
        yield* isRight("while a writer has its part open")
      }))
      yield* isRight("before the merge")
      yield* merge(at, "after two writers")
      yield* isRight("after the merge")
    })
)

const M08 = rule(
  "M08",
  "refuses a branch or target in use with conflict, and names the branches that a merge leaves out",
  needs,
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const [first, second] = [yield* jobs(plain(4)), yield* jobs(plain(3, 0, 20))]
      const refused = (open: Effect.Effect<unknown, JobSink.SinkError, Scope.Scope>) =>
        Effect.map(Effect.result(Effect.scoped(open)), (result) =>
          result._tag === "Failure" ? result.failure.reason : undefined)
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* branchesOf(at).open("one")
        yield* store(sink, "first", first)
        yield* must((yield* refused(branchesOf(at).open("one"))) === "conflict", "a second of one name is let in")
        yield* write(at, "other", second)
        const { stillOpen } = yield* branchesOf(at).merge
        yield* must(stillOpen.join() === "one", () =>
          `with one part open, the merge names ${JSON.stringify(stillOpen)}`)
        yield* at.holds(second, "merged with one part open")
      }))
      yield* Effect.scoped(Effect.gen(function*() {
        yield* at.open
        yield* must((yield* refused(branchesOf(at).merge)) === "conflict", "a merge is let in while the place is open")
      }))
      for (const name of ["", "..", "a/b", "-a", "A"]) {
        const reason = yield* refused(branchesOf(at).open(name))
        yield* must(reason === "misconfigured", () => `the writer's name ${JSON.stringify(name)} is not refused`)
      }
      yield* at.holds([...first, ...second], "after all")
    })
)

const M09 = rule(
  "M09",
  "names who has a branch open, and takes it from a writer that is gone, which can store nothing more there",
  needs,
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const [first, second] = [yield* jobs(plain(4)), yield* jobs(plain(3, 0, 20))]
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* branchesOf(at).open("gone")
        yield* store(sink, "first", first)
        const open = yield* branchesOf(at).list
        yield* must(open.length === 1 && open[0]?.writer === "gone" && open[0].holder !== null, () =>
          `with one branch open, the list is ${JSON.stringify(open)}`)
        yield* branchesOf(at).takeOver("gone")
        yield* merge(at, "taken over")
        yield* at.holds(first, "taken over and merged")
        const late = yield* Effect.result(store(sink, "late", second))
        const reason = late._tag === "Success"
          ? "no error"
          : "reason" in late.failure
          ? late.failure.reason
          : "a failure"
        yield* must(reason === "conflict", () =>
          `a writer whose branch was taken over meets ${reason}`)
      }))
      const left = yield* branchesOf(at).list
      yield* must(left.length === 0, () => `after all, the list is ${JSON.stringify(left)}`)
      yield* at.holds(first, "after the writer's return")
    })
)

export const many: ReadonlyArray<Rule> = [M01, M02, M03, M04, M05, M06, M07, M08, M09]
