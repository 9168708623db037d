/** One fresh target for one check, with the steps that most checks are made of. */
import type { JobSink } from "@labelstream/core/sink"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { must, Unkept } from "../Rule.ts"
import type { StoredJob, Subject } from "../Subject.ts"
import { difference } from "./compare.ts"
import { recordsOf, type TestJob } from "./jobs.ts"

export class Trial {
  readonly subject: Subject
  /** A folder for this trial alone; nothing but the target is in it. */
  readonly around: string
  readonly target: string

  constructor(subject: Subject, around: string, target: string) {
    this.subject = subject
    this.around = around
    this.target = target
  }

  /** The sink, made again each time as a later process would. */
  get sink(): JobSink.JobSink {
    return this.subject.make(this.target)
  }

  get open(): Effect.Effect<JobSink.OpenSink, JobSink.SinkError, Scope.Scope> {
    return Effect.suspend(() => this.sink.open)
  }

  /** What readers find. */
  found(when: string): Effect.Effect<ReadonlyArray<StoredJob>, Unkept> {
    const { readBack, content = "documents" } = this.subject
    if (readBack === undefined) return Effect.die(new Error("the rule must say that it needs readBack"))
    return Effect.suspend(() => readBack(this.target)).pipe(
      Effect.catchCause((cause) => {
        const error = Cause.squash(cause)
        const text = error instanceof Error ? withCause(error) : String(error)
        return Effect.fail(new Unkept({ detail: `${when}: cannot be read back: ${text}` }))
      }),
      Effect.tap((found) => {
        const bare = found.find((job) => job[needed[content]] === undefined)
        const hint = content === "documents" ? ": say `content: \"rows\"` where none is stored" : ""
        return must(
          bare === undefined,
          () => `${when}: readBack gives job ${bare?.jobId} without its ${needed[content]}${hint}`
        )
      })
    )
  }

  /** What is published. */
  published(when: string): Effect.Effect<ReadonlyMap<string, Uint8Array>, Unkept> {
    const { published } = this.subject
    if (published === undefined) return Effect.die(new Error("the rule must say that it needs published"))
    return Effect.catchCause(Effect.suspend(() => published(this.target)), (cause) => {
      const error = Cause.squash(cause)
      const text = error instanceof Error ? withCause(error) : String(error)
      return Effect.fail(new Unkept({ detail: `${when}: what is published cannot be read: ${text}` }))
    })
  }

  /** Everything that `inspect` returns. */
  inspected(depth: JobSink.InspectDepth = "content") {
    return Effect.map(Stream.runCollect(Stream.suspend(() => this.sink.inspect(depth))), (parts) => parts.flat())
  }

  /** Fails unless readers find exactly these jobs. */
  holds(expected: ReadonlyArray<TestJob>, when: string): Effect.Effect<void, Unkept> {
    return Effect.flatMap(this.found(when), (found) => {
      const { nul } = this.subject
      const differs = difference(found, nul === undefined ? expected : expected.map((of) => withoutNul(of, nul)))
      return must(differs === undefined, () => `${when}: ${differs}`)
    })
  }

  /** A whole run over some batches. */
  run(
    batches: ReadonlyArray<ReadonlyArray<TestJob>>,
    prefix = "run",
    outcome: JobSink.RunEnd["outcome"] = "completed"
  ) {
    return Effect.scoped(Effect.gen({ self: this }, function*() {
      const sink = yield* this.open
      for (const [index, batch] of batches.entries()) yield* store(sink, `${prefix}-${index}`, batch)
      yield* sink.finish({ outcome })
    }))
  }
}

/** A job as a database holds it that has no NUL. */
const withoutNul = (of: TestJob, nul: string): TestJob => ({
  ...of,
  rows: of.rows.map((row) => replaced(row, nul)),
  media: of.media.map((row) => replaced(row, nul))
})

const replaced = <Row extends object>(row: Row, nul: string): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]: [string, unknown]) => [
      name,
      // Ids name a job: they stay as they are, however a database stores them.
      typeof value === "string" && name !== "batch_id" && name !== "job_id"
        ? value.replaceAll("\0", nul).replaceAll("\\u0000", nul)
        : value
    ])
  ) as Row

/** What `readBack` must give of each job. */
const needed = { documents: "document", rows: "rows", dataset: "revision" } as const

/** What `Effect.try` fails with says nothing by itself. */
const withCause = ({ cause, message }: Error): string =>
  cause instanceof Error ? `${message}: ${cause.message}` : message

/** Makes a trial. The scope removes what it leaves. */
export const trial = (subject: Subject): Effect.Effect<Trial, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(realpathSync(tmpdir()), "labelstream-kit-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
    ),
    (around) => {
      const target = join(around, "target")
      mkdirSync(target)
      return new Trial(subject, around, target)
    }
  )

/** Stages and commits a batch without rejections. Returns the receipts. */
export const store = (
  sink: JobSink.OpenSink,
  token: string,
  batch: ReadonlyArray<TestJob>
): Effect.Effect<ReadonlyArray<JobSink.Receipt>, JobSink.SinkError | Unkept> =>
  Effect.gen(function*() {
    const [rejection] = yield* sink.stage(token, recordsOf(batch))
    yield* must(rejection === undefined, () =>
      `job ${JSON.stringify(rejection?.jobId.slice(0, 60))} is rejected: ${rejection?.error.message}`)
    return yield* sink.commit(token)
  })
