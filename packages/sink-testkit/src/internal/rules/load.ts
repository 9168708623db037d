/** P, and W07: what large data, slow contents and a second writer do to a sink. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { must, type Rule, rule } from "../../Rule.ts"
import { largeDocument } from "../child/bulk.ts"
import { play, playWell } from "../child/play.ts"
import { batches } from "../child/script.ts"
import { sha256, streamed } from "../contents.ts"
import { job, jobs, plain, recordsOf } from "../jobs.ts"
import { store, trial } from "../trial.ts"

const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`

/** What a sink may hold of data that passes through it, with what the garbage collector leaves lying about. */
const room = 48 * 1024 * 1024

export const W07 = rule(
  "W07",
  "stores a 64 MB document with less than 48 MB more memory than an 8 MB one",
  { readBack: true, module: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const answers = yield* playWell(subject, at.target, [
        { do: "open" },
        { do: "large", megabytes: 64 },
        { do: "finish" },
        { do: "close" }
      ])
      const memory = answers[1]?.memory ?? 0
      yield* must(
        memory < room,
        `storing 64 MB took ${megabytes(memory)} more of memory than a small document`
      )
      const known = largeDocument(64)
      const { document, revision, rows } = (yield* at.found("after the run")).find(({ jobId }) => jobId === "large") ??
        {}
      yield* must(
        document === undefined || document.length === known.size && sha256(document) === known.sha256,
        () => `${document?.length} bytes are read back that are not the ${known.size} stored`
      )
      yield* must(
        rows === undefined || rows.length === known.annotations,
        () => `${rows?.length} annotations are read back, ${known.annotations} were stored`
      )
      yield* must([document, rows, revision].some((each) => each !== undefined), "the large document is not there")
    })
)

const P01 = rule(
  "P01",
  "returns from commit only after reading what it acknowledges, and reads no content later",
  {},
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const gate = yield* Deferred.make<void>()
      let isOver = false
      let late = 0
      const hold = (bytes: Uint8Array, mediaType: string | null) =>
        streamed(bytes, mediaType, 100, () =>
          Effect.suspend(() => {
            if (isOver) late++
            return Deferred.await(gate)
          }))
      const batch = yield* Effect.forEach(plain(3), (sketch) => job({ ...sketch, hold }))
      const sink = yield* at.open
      const storing = yield* Effect.forkChild(store(sink, "slow", batch), { startImmediately: true })
      yield* Effect.sleep(300)
      yield* must(storing.pollUnsafe() === undefined, "a commit returned before its contents had arrived")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(storing)
      isOver = true
      yield* Effect.sleep(50)
      yield* must(late === 0, "contents are read after the commit returned, when they may be gone")
      if (subject.readBack !== undefined) yield* at.holds(batch, "after slow contents")
    })
)

const P02 = rule(
  "P02",
  "refuses a second process with conflict, or works with it, as declared",
  { exclusive: true, readBack: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const { keying, writers } = at.sink.capabilities
      const [first, second] = [yield* jobs(plain(3)), yield* jobs(plain(3, 0, 40))]
      const isShared = writers === "many" && (yield* Effect.scoped(Effect.gen(function*() {
        const [one, opened] = [yield* at.open, yield* Effect.result(at.open)]
        // Its writers have `branches` for that.
        if (opened._tag === "Failure" && opened.failure.reason === "conflict") return false
        const other = yield* Effect.fromResult(opened)
        yield* one.stage("one", recordsOf(first))
        yield* other.stage("other", recordsOf(second))
        yield* other.commit("other")
        yield* one.commit("one")
        yield* at.holds([...second, ...first], "after two writers")
        yield* one.finish({ outcome: "completed" })
        yield* other.finish({ outcome: "completed" })
        return true
      })))
      if (isShared) return yield* at.holds([...second, ...first], "after the end of two writers")
      if (subject.module === undefined) {
        yield* Effect.scoped(Effect.gen(function*() {
          yield* at.open
          const refused = yield* Effect.result(Effect.scoped(at.open))
          yield* must(refused._tag === "Failure" && refused.failure.reason === "conflict", "a second writer is let in")
        }))
        return yield* at.run([first])
      }
      yield* play(subject, at.target, [
        { do: "open" },
        { do: "store", batch: 0, tries: 1 },
        { do: "wait" },
        { do: "kill" }
      ], () =>
        Effect.gen(function*() {
          const refused = yield* Effect.result(Effect.scoped(at.open))
          yield* must(refused._tag === "Failure", "a second process is let in")
          const reason = refused._tag === "Failure" ? refused.failure.reason : ""
          yield* must(reason === "conflict", `a second process is refused as ${reason}, not as conflict`)
        }))
      yield* at.run([second], "after")
      if (keying === "upsert") {
        yield* at.holds([...(yield* batches())[0]!, ...second], "after the first writer was killed")
      }
    })
)

const P03 = rule(
  "P03",
  "uses at most 48 MB more memory for ten times the data",
  { module: true },
  (subject) =>
    Effect.gen(function*() {
      const grown = (amount: number) =>
        Effect.gen(function*() {
          const at = yield* trial(subject)
          const answers = yield* playWell(subject, at.target, [
            { do: "open" },
            { do: "volume", megabytes: amount },
            { do: "close" }
          ])
          return answers[1]?.memory ?? 0
        })
      const [once, tenfold] = [yield* grown(7), yield* grown(70)]
      yield* must(
        tenfold < once + room,
        `storing 7 MB takes ${megabytes(once)} of memory, storing 70 MB takes ${megabytes(tenfold)}`
      )
    })
)

export const load: ReadonlyArray<Rule> = [P01, P02, P03]
