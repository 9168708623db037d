/** C: crashes, and disks that fail. The sink runs in its own process, which is killed at named points. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { cpSync, lstatSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { must, type Rule, rule } from "../../Rule.ts"
import type { Subject } from "../../Subject.ts"
import { play, playWell } from "../child/play.ts"
import { type Answer, batches, type Step } from "../child/script.ts"
import { difference } from "../compare.ts"
import { streamed } from "../contents.ts"
import { after, job, jobs, keyOf, latest, plain, recordsOf, type TestJob } from "../jobs.ts"
import { ticks } from "../ticks.ts"
import { tree } from "../tree.ts"
import { store, type Trial, trial } from "../trial.ts"
import { C05, C07 } from "./power.ts"
import { holdsWhole, inspectFinds } from "./whole.ts"

/** Opens after a crash, runs what was not acknowledged, and ends like a run that was never broken. */
const resume = Effect.fnUntraced(function*(at: Trial, acknowledged: number, isCommitting: boolean, when: string) {
  const all = yield* batches()
  const possible = isCommitting ? [acknowledged, acknowledged + 1] : [acknowledged]
  yield* Effect.scoped(Effect.gen(function*() {
    const sink = yield* at.open
    if (at.sink.capabilities.visibility !== "stage") yield* holdsWhole(at, all, possible, `${when}, opened again`)
    for (const [index, batch] of all.entries()) {
      if (index >= acknowledged) yield* store(sink, `resumed-${index}`, batch)
    }
    yield* sink.finish({ outcome: "completed" })
  }))
  yield* holdsWhole(at, all, [all.length], `${when}, after the resumed run`)
  const { inspectable, keying } = at.sink.capabilities
  if (inspectable && keying === "upsert") yield* inspectFinds(at, after(keying, all), "content", `${when}, resumed`)
})

const opening: ReadonlyArray<Step> = [{ do: "open" }, { do: "stage", batch: 0 }, { do: "commit", batch: 0 }]

const C01 = rule(
  "C01",
  "survives SIGKILL before, during, and after stage and commit, and resumes like an unbroken run",
  { readBack: true, module: true },
  (subject) =>
    Effect.gen(function*() {
      const whole = yield* trial(subject)
      const unbroken = yield* playWell(subject, whole.target, [
        ...opening,
        { do: "stage", batch: 1 },
        { do: "commit", batch: 1 },
        { do: "stage", batch: 2 },
        { do: "commit", batch: 2 },
        { do: "finish" },
        { do: "close" }
      ])
      yield* holdsWhole(whole, yield* batches(), [3], "unbroken")
      const commit = unbroken[4]!
      const stage: Step = { do: "stage", batch: 1 }
      const uses = [...new Set([1, commit.uses / 3, commit.uses * 2 / 3, commit.uses].map(Math.ceil))].filter((at) =>
        at > 0
      )
      const points: ReadonlyArray<readonly [string, ReadonlyArray<Step>, number, boolean]> = [
        ["before stage", [{ do: "kill" }], 1, false],
        ["during stage", [{ do: "stage", batch: 1, killAtChunk: 4 }, { do: "kill" }], 1, false],
        ["before commit", [stage, { do: "kill" }], 1, false],
        ...uses.map((killAtUse) =>
          [
            `during commit, at file operation ${killAtUse}`,
            [stage, { do: "commit", batch: 1, killAtUse }, { do: "kill" }],
            1,
            true
          ] as const
        ),
        ...[0.3, 0.7].map((part) =>
          [
            `during commit, after ${part} of its time`,
            [
              stage,
              { do: "commit", batch: 1, killAfterMillis: part * commit.millis },
              { do: "settle" },
              { do: "kill" }
            ],
            1,
            true
          ] as const
        ),
        ["after commit", [stage, { do: "commit", batch: 1 }, { do: "kill" }], 2, false]
      ]
      yield* Effect.forEach(points, ([name, steps, acknowledged, isCommitting]) =>
        Effect.scoped(Effect.gen(function*() {
          const at = yield* trial(subject)
          const { answers, end, stderr } = yield* play(subject, at.target, [...opening, ...steps])
          yield* must(end === "SIGKILL", () => `killed ${name}: the process ended with ${end}: ${stderr.slice(-400)}`)
          const told = answers.filter(({ do: step, ok }) => step === "commit" && ok).length
          const count = isCommitting ? told : acknowledged
          yield* resume(at, count, isCommitting && told === 1, `killed ${name}`)
        })), { concurrency: 2, discard: true })
    })
)

const damages: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  "cut in half": (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2)),
  "its second half zeroed": (bytes) =>
    Buffer.concat([bytes.subarray(0, Math.ceil(bytes.length / 2)), Buffer.alloc(Math.floor(bytes.length / 2))])
}

const C02 = rule("C02", "never calls a truncated or zeroed file intact: it repairs, reports, or fails as corrupt", {
  files: true,
  readBack: true,
  inspect: true
}, (subject) =>
  Effect.gen(function*() {
    const whole = yield* trial(subject)
    const all = yield* batches()
    yield* whole.run(all)
    const stored = after(whole.sink.capabilities.keying, all)
    const expected = new Map(stored.map((of) => [keyOf(of.record), of]))
    const files = [...tree(whole.target).keys()].filter((path) => !path.endsWith("/"))
    const step = Math.max(1, Math.floor(files.length / 16))
    for (const path of files.filter((_, index) => index % step === 0)) {
      for (const [damage, apply] of Object.entries(damages)) {
        yield* Effect.scoped(Effect.gen(function*() {
          const at = yield* trial(subject)
          cpSync(whole.target, at.target, { recursive: true })
          const file = join(at.target, path)
          if (!lstatSync(file).isFile()) return
          writeFileSync(file, apply(readFileSync(file)))
          yield* neverGood(at, expected, `${path} ${damage}`)
          // Nor after it has had the chance to repair it.
          yield* Effect.exit(Effect.scoped(at.open))
          yield* neverGood(at, expected, `${path} ${damage}, and opened`)
        }))
      }
    }
  }))

/** Fails if `inspect` calls a job intact that a reader does not find as it was stored. */
const neverGood = Effect.fnUntraced(function*(at: Trial, expected: ReadonlyMap<string, TestJob>, when: string) {
  const found = yield* Effect.result(at.inspected("content"))
  if (found._tag === "Failure") {
    return yield* must(found.failure.reason !== "unavailable", `${when}: inspect says that a retry may help`)
  }
  const intact = found.success.flatMap((item) => item._tag === "Intact" ? [item.receipt] : [])
  const read = yield* Effect.result(at.found("there"))
  if (read._tag === "Failure") {
    const isTold = found.success.some(({ _tag }) => _tag !== "Intact")
    return yield* must(isTold, () => `${when}: inspect finds nothing amiss, but what is ${read.failure.message}`)
  }
  for (const receipt of intact) {
    const job = expected.get(keyOf(receipt))
    const stored = read.success.filter((of) => keyOf(of) === keyOf(receipt))
    const differs = job === undefined ? "nobody stored it" : difference(stored, [job])
    yield* must(differs === undefined, () => `${when}: inspect calls ${receipt.jobId} intact, but: ${differs}`)
  }
})

const writing = ["write", "writev", "writeFile", "appendFile", "copyFile"]

/** A disk that is full, or a target that has gone, from a point on; and the way back. */
const outage = (subject: Subject, skip: number, kind: "full" | "gone"): { readonly begin: Step; readonly end: Step } =>
  subject.io === "native"
    ? { begin: { do: "limit", bytes: 1 }, end: { do: "limit", bytes: null } }
    : {
      begin: {
        do: "faults",
        faults: kind === "full" ? { ops: writing, code: "ENOSPC", skip } : { ops: ["*"], code: "EIO", skip }
      },
      end: { do: "faults", faults: null }
    }

/**
 * Runs into an outage, checks what is visible meanwhile, and continues afterwards. Returns the errors that occurred.
 */
export const throughOutage = Effect.fnUntraced(function*(
  subject: Subject,
  skip: number,
  kind: "full" | "gone",
  look: "at errors" | "at everything"
) {
  const at = yield* trial(subject)
  const { begin, end } = outage(subject, skip, kind)
  const all = yield* batches()
  let told: Answer | undefined
  const played = yield* play(subject, at.target, [
    { do: "open" },
    { do: "store", batch: 0, tries: 1 },
    begin,
    { do: "store", batch: 1, tries: 2 },
    { do: "wait" },
    end,
    { do: "store", batch: 1, tries: 3, run: 1 },
    { do: "store", batch: 2, tries: 3, run: 1 },
    { do: "finish" },
    { do: "close" }
  ], (answers) => {
    told = answers[3]
    // A target that has gone cannot be read, nor be put in order.
    return look === "at errors" || kind === "gone" || told?.ok === true || at.sink.capabilities.visibility === "stage"
      ? Effect.void
      : Effect.asVoid(holdsWhole(at, all, [1], `while ${kind}`))
  })
  yield* must(
    played.end === 0,
    () => `while ${kind}, the process ended with ${played.end}: ${played.stderr.slice(-400)}`
  )
  const outcome = { errors: told?.errors ?? [], stored: told?.ok === true }
  if (look === "at errors") return outcome
  const untyped = told?.errors.find(({ isSinkError }) => !isSinkError)
  yield* must(
    untyped === undefined,
    () => `while ${kind}, it failed with something else than a SinkError: ${untyped?.message}`
  )
  const failed = played.answers.slice(4).find(({ ok }) => !ok)
  yield* must(
    failed === undefined,
    () => `when no longer ${kind}, ${failed?.do} failed: ${failed?.errors.at(-1)?.message}`
  )
  yield* holdsWhole(at, all, [all.length], `when no longer ${kind}`)
  return outcome
})

/** The answers of staging and committing a batch, by subject. */
const counted = new WeakMap<Subject, ReadonlyArray<Answer>>()

/** Uses of these functions that staging and committing a batch take. */
export const usesOf = Effect.fnUntraced(function*(subject: Subject, ops: ReadonlyArray<string>) {
  const at = yield* trial(subject)
  const answers = counted.get(subject) ?? (yield* playWell(subject, at.target, [
    ...opening,
    { do: "stage", batch: 1 },
    { do: "commit", batch: 1 },
    { do: "close" }
  ]))
  counted.set(subject, answers)
  const count = ({ counts }: Answer) => ops.reduce((sum, op) => sum + (counts[op] ?? 0), 0)
  if (subject.io !== "native") {
    yield* must(answers[3]!.uses + answers[4]!.uses > 0, "no use of node:fs was seen: say `io: \"native\"`")
  }
  return { stage: count(answers[3]!), commit: count(answers[4]!) }
})

const C03 = rule(
  "C03",
  "fails with a SinkError on a full disk, shows no part of the batch, and continues when there is space",
  {
    files: true,
    readBack: true,
    module: true
  },
  (subject) =>
    Effect.gen(function*() {
      const { commit, stage } = yield* usesOf(subject, writing)
      const skips = subject.io === "native" ? [0] : commit > 0 ? [0, stage] : [0]
      for (const skip of skips) {
        const { stored } = yield* throughOutage(subject, skip, "full", "at everything")
        yield* must(!stored, "a batch was acknowledged that could not be written")
      }
    })
)

const C04 = rule("C04", "loses nothing acknowledged when any fsync, rename, or close fails", {
  files: true,
  readBack: true,
  module: true,
  node: true
}, (subject) =>
  Effect.gen(function*() {
    const all = yield* batches()
    const plans: Array<{ readonly op: string; readonly skip: number }> = []
    for (const op of ["fsync", "rename", "close"]) {
      const { commit, stage } = yield* usesOf(subject, [op])
      const last = stage + commit - 1
      for (const skip of new Set([0, Math.floor(last / 2), last])) if (skip >= 0) plans.push({ op, skip })
    }
    yield* Effect.forEach(plans, ({ op, skip }) =>
      Effect.scoped(Effect.gen(function*() {
        const at = yield* trial(subject)
        const when = `${op} ${skip + 1} failed`
        const { answers, end, stderr } = yield* play(subject, at.target, [
          { do: "open" },
          { do: "store", batch: 0, tries: 1 },
          { do: "faults", faults: { ops: [op], code: "EIO", skip, times: 1 } },
          { do: "store", batch: 1, tries: 3 },
          { do: "kill" }
        ])
        yield* must(end === "SIGKILL", () => `${when}: the process ended with ${end}: ${stderr.slice(-400)}`)
        yield* Effect.scoped(Effect.andThen(
          at.open,
          holdsWhole(at, all, answers[3]?.ok === true ? [2] : [1, 2], when)
        ))
      })), { concurrency: 2, discard: true })
  }))

const C06 = rule("C06", "keeps batches complete and single when stage or commit is interrupted at any moment", {
  readBack: true,
  upsert: true,
  commit: true
}, (subject) =>
  Effect.gen(function*() {
    const hold = (bytes: Uint8Array, mediaType: string | null) => streamed(bytes, mediaType, 200, () => ticks(1))
    const first = yield* jobs(plain(4))
    const second = yield* Effect.forEach([...plain(4, 1), ...plain(2, 0, 10)], (sketch) => job({ ...sketch, hold }))
    const both = latest(first, second)
    for (const moment of [0, 1, 2, 3, 5, 8, 13, 21, 34]) {
      yield* Effect.scoped(Effect.gen(function*() {
        const at = yield* trial(subject)
        yield* Effect.scoped(Effect.gen(function*() {
          const sink = yield* at.open
          yield* store(sink, "first", first)
          const stage = yield* Effect.forkChild(sink.stage("cut", recordsOf(second)), { startImmediately: true })
          yield* ticks(moment)
          yield* Fiber.interrupt(stage)
          yield* at.holds(first, `stage interrupted at moment ${moment}`)
          yield* sink.abort("cut")
          yield* at.holds(first, `stage interrupted at moment ${moment} and aborted`)
          yield* sink.stage("second", recordsOf(second))
          const commit = yield* Effect.forkChild(sink.commit("second"), { startImmediately: true })
          yield* ticks(moment)
          yield* Fiber.interrupt(commit)
          const found = yield* at.found(`commit interrupted at moment ${moment}`)
          const differs = difference(found, first) === undefined ? undefined : difference(found, both)
          yield* must(differs === undefined, () => `commit interrupted at moment ${moment}: ${differs}`)
          if (moment % 2 === 0) return
          yield* sink.commit("second")
          yield* at.holds(both, `commit interrupted at moment ${moment} and repeated`)
        }))
        yield* at.run([second], "again")
        yield* at.holds(both, `interrupted at moment ${moment}, and run again`)
      }))
    }
  }))

export const crash: ReadonlyArray<Rule> = [C01, C02, C03, C04, C05, C06, C07]
