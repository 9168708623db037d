/** X: any sequence of steps leaves the same behind as in the reference sink. */
import { type JobSink, MemorySink } from "@labelstream/core/sink"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { must, type Rule, rule, Unkept } from "../../Rule.ts"
import { job, plain, recordsOf, type TestJob } from "../jobs.ts"
import { type Trial, trial } from "../trial.ts"

const token = Schema.Literals(["a", "b"])
const Stage = Schema.Struct({
  do: Schema.Literal("stage"),
  token,
  jobs: Schema.Array(Schema.Literals([0, 1, 2, 3])).check(Schema.isMaxLength(3)),
  revision: Schema.Literals([0, 1, 2])
})
const End = Schema.Struct({ do: Schema.Literals(["commit", "commitAgain", "abort"]), token })
const Life = Schema.Struct({ do: Schema.Literals(["reopen", "breakOff", "finish"]) })
// Each step as often as it is drawn, because a reopening ends everything before it.
const Command = Schema.Union([Stage, Stage, Stage, End, End, End, Life])

type Command = typeof Command.Type

/** Two sinks that are taken through the same steps: the one under test and the reference. */
class Pair {
  readonly at: Trial
  readonly reference = MemorySink.make()
  private readonly made: ReadonlyMap<string, TestJob>
  private scope = Scope.makeUnsafe()
  private sinks: ReadonlyArray<JobSink.OpenSink> = []
  /** What each name of a token stands for now: a token is never used for a second batch. */
  private readonly tokens = new Map<string, string>()
  /** Oldest first. */
  private readonly staged = new Set<string>()
  private count = 0

  constructor(at: Trial, made: ReadonlyMap<string, TestJob>) {
    this.at = at
    this.made = made
  }

  get open() {
    return Effect.gen({ self: this }, function*() {
      const open = Effect.all([this.at.open, this.reference.open])
      this.sinks = yield* Scope.provide(open, this.scope)
    })
  }

  close(exit: Exit.Exit<unknown, unknown>) {
    return Effect.gen({ self: this }, function*() {
      yield* Scope.close(this.scope, exit)
      this.scope = Scope.makeUnsafe()
      this.staged.clear()
      this.tokens.clear()
    })
  }

  perform(command: Command): Effect.Effect<void, JobSink.SinkError | Unkept> {
    return Effect.gen({ self: this }, function*() {
      switch (command.do) {
        case "reopen":
        case "breakOff":
          yield* this.close(command.do === "reopen" ? Exit.void : Exit.die(new Error("broken off")))
          return yield* this.open
        case "finish":
          for (const sink of this.sinks) yield* sink.finish({ outcome: "completed" })
          // Nothing may follow the end of a run.
          yield* this.close(Exit.void)
          return yield* this.open
        case "stage": {
          const old = this.tokens.get(command.token)
          if (old !== undefined && this.staged.delete(old)) { for (const sink of this.sinks) yield* sink.abort(old) }
          const [oldest] = this.staged
          // The engine keeps to what the sink declares.
          if (oldest !== undefined && this.staged.size >= this.at.sink.capabilities.concurrentBatches) {
            yield* this.commit(oldest)
          }
          const token = `x-${this.count++}`
          this.tokens.set(command.token, token)
          this.staged.add(token)
          const records = recordsOf([...new Set(command.jobs)].map((id) => this.made.get(`${id} ${command.revision}`)!))
          for (const sink of this.sinks) {
            const rejected = yield* sink.stage(token, records)
            yield* must(rejected.length === 0, "a good record is rejected")
          }
          return
        }
        case "commit":
        case "commitAgain": {
          return yield* this.commit(this.tokens.get(command.token) ?? "x-never")
        }
        case "abort": {
          const token = this.tokens.get(command.token) ?? "x-never"
          this.staged.delete(token)
          for (const sink of this.sinks) yield* sink.abort(token)
        }
      }
    })
  }

  private commit(token: string): Effect.Effect<void, JobSink.SinkError | Unkept> {
    return Effect.gen({ self: this }, function*() {
      this.staged.delete(token)
      const answers: Array<string> = []
      for (const sink of this.sinks) answers.push(receiptsText(yield* sink.commit(token)))
      yield* must(answers[0] === answers[1], `commit answers ${answers[0]}, the reference ${answers[1]}`)
    })
  }

  get agree(): Effect.Effect<void, Unkept> {
    return Effect.gen({ self: this }, function*() {
      const expected = [...this.reference.store.jobs.values()].map(({ batchId, document, jobId }) =>
        [...this.made.values()].find(({ document: bytes, record }) =>
          record.batchId === batchId && record.jobId === jobId && Buffer.compare(bytes, document) === 0
        )!
      )
      yield* this.at.holds(expected, "unlike in the reference sink")
    })
  }
}

const receiptsText = (receipts: ReadonlyArray<JobSink.Receipt>): string =>
  JSON.stringify(
    receipts.map(({ batchId, bytes, jobId, revision }) => `${batchId} ${jobId} ${revision.document} ${bytes}`).sort()
  )

const text = (commands: ReadonlyArray<Command>): string =>
  commands.map((command) =>
    command.do === "stage"
      ? `stage(${command.token}, [${command.jobs.join(" ")}] of revision ${command.revision})`
      : "token" in command
      ? `${command.do}(${command.token})`
      : command.do
  ).join(", ")

const X01 = rule(
  "X01",
  "agrees with the reference sink over random sequences of stage, commit, abort, interrupt, reopen, and finish",
  {
    readBack: true,
    upsert: true,
    commit: true
  },
  (subject) =>
    Effect.gen(function*() {
      const made = new Map<string, TestJob>()
      for (const revision of [0, 1, 2]) {
        for (const [id, sketch] of plain(4, revision).entries()) {
          made.set(`${id} ${revision}`, yield* job(sketch))
        }
      }
      const commands = Arbitrary.schema(Schema.Array(Command).check(Schema.isMaxLength(20)))
      const result = yield* Arbitrary.checkEffect(commands, (sequence) =>
        Effect.scoped(Effect.gen(function*() {
          const pair = new Pair(yield* trial(subject), made)
          yield* Effect.addFinalizer((exit) => pair.close(exit))
          yield* pair.open
          for (const command of sequence) {
            yield* pair.perform(command)
            // A01 holds that staging shows nothing; what it left amiss is found after the next step.
            if (command.do !== "stage") yield* pair.agree
          }
          yield* pair.perform({ do: "finish" })
          yield* pair.agree
          return true
        })), { runs: subject.sequences ?? (subject.location === "files" ? 40 : 100), seed: 20, size: 60 })
      if (result._tag === "Passed") return
      if (result._tag !== "Falsified") {
        return yield* new Unkept({ detail: `no sequences could be made: ${result._tag}` })
      }
      const { failure, replay, shrunkInput } = result
      const why = failure._tag === "PropertyError" ? failure.error.message : "they do not agree"
      return yield* new Unkept({ detail: `after ${text(shrunkInput)}: ${why} (replay ${replay})` })
    })
)

export const model: ReadonlyArray<Rule> = [X01]
