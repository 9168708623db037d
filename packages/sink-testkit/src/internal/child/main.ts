/** A child process: makes the sink from the given module, and plays a script with it. */
import type { JobSink } from "@labelstream/core/sink"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { execFileSync } from "node:child_process"
import { writeSync } from "node:fs"
import { Worker } from "node:worker_threads"
import { inMemory, streamed } from "../contents.ts"
import { recordsOf } from "../jobs.ts"
import { large, volume } from "./bulk.ts"
import { control } from "./control.ts"
import { type Answer, batches, mark, type Step, type ToldError } from "./script.ts"

const [modulePath = "", exportName = "", target = "", script = "[]"] = process.argv.slice(2)

const kill = () => process.kill(process.pid, "SIGKILL")

/** Kills from another thread, so that native code which holds this one is cut off as well. */
const killAfter = (millis: number) => {
  const code = `const { workerData } = require("node:worker_threads")
Atomics.wait(workerData.cell, 0, 0)
Atomics.wait(workerData.cell, 1, 0, workerData.millis)
process.kill(process.pid, "SIGKILL")`
  const cell = new Int32Array(new SharedArrayBuffer(8))
  const worker = new Worker(code, { eval: true, workerData: { cell, millis } })
  return Effect.promise(() =>
    new Promise<() => void>((resolve) => {
      worker.once("online", () =>
        resolve(() => {
          Atomics.store(cell, 0, 1)
          Atomics.notify(cell, 0)
        }))
    })
  )
}

const told = (error: unknown): ToldError => {
  const sinkError = isSinkError(error) ? error : undefined
  return {
    isSinkError: sinkError !== undefined,
    sink: sinkError?.sink,
    step: sinkError?.step,
    reason: sinkError?.reason,
    isRetryable: sinkError?.isRetryable ?? false,
    message: error instanceof Error ? error.message : String(error)
  }
}

// By its tag: the sink may have another copy of the package.
const isSinkError = (error: unknown): error is JobSink.SinkError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "SinkError"

type Part = Partial<Pick<Answer, "receipts" | "operations" | "memory" | "errors">>

const player = (sink: JobSink.JobSink) => {
  let scope = Scope.makeUnsafe()
  let opened: JobSink.OpenSink | undefined
  const acknowledged = new Map<number, ReadonlyArray<JobSink.Receipt>>()
  const open = () =>
    opened ?? (() => {
      throw new Error("the script must open the sink first")
    })()
  const shared = () =>
    sink.branches ?? (() => {
      throw new Error("the sink is for one writer alone")
    })()
  const token = (batch: number, run = 0) => `child-${process.pid}-${run}-${batch}`

  const perform = (step: Step): Effect.Effect<Part, unknown> =>
    Effect.gen(function*() {
      switch (step.do) {
        case "open":
          opened = yield* Scope.provide(step.writer === undefined ? sink.open : shared().open(step.writer), scope)
          return {}
        case "close":
          yield* Scope.close(scope, Exit.void)
          scope = Scope.makeUnsafe()
          return {}
        case "finish":
          if (step.killAtUse !== undefined) control.killAt = control.total + step.killAtUse
          yield* open().finish({ outcome: "completed" })
          return {}
        case "stage": {
          let chunks = 0
          const { batch, killAtChunk } = step
          const hold = killAtChunk === undefined ?
            inMemory :
            (bytes: Uint8Array, mediaType: string | null) =>
              streamed(bytes, mediaType, 100, () =>
                Effect.sync(() => {
                  if (chunks++ === killAtChunk) kill()
                }))
          yield* open().stage(token(batch), recordsOf((yield* batches(hold))[batch]!))
          return {}
        }
        case "commit": {
          if (step.killAfterMillis !== undefined) (yield* killAfter(step.killAfterMillis))()
          if (step.killAtUse !== undefined) control.killAt = control.total + step.killAtUse
          return { receipts: yield* open().commit(token(step.batch)) }
        }
        case "store": {
          const known = acknowledged.get(step.batch)
          if (known !== undefined) return { receipts: known }
          const part = yield* engineStore(
            open(),
            token(step.batch, step.run),
            recordsOf((yield* batches())[step.batch]!),
            step.tries
          )
          if (part.receipts !== undefined) acknowledged.set(step.batch, part.receipts)
          return part
        }
        case "merge":
          if (step.killAtUse !== undefined) control.killAt = control.total + step.killAtUse
          yield* shared().merge
          return {}
        case "faults":
          control.fail(step.faults ?? undefined)
          return {}
        case "limit":
          execFileSync("prlimit", ["--pid", String(process.pid), `--fsize=${step.bytes ?? "unlimited"}:unlimited`])
          return {}
        case "record":
          if (control.recorder !== undefined) control.recorder.isRecording = true
          return {}
        case "recorded":
          return { operations: control.recorder?.operations ?? [] }
        case "settle":
          yield* Effect.sleep(50)
          return {}
        case "wait":
          return {}
        case "kill":
          kill()
          return {}
        case "large":
          return { memory: yield* large(open(), step.megabytes) }
        case "volume":
          return { memory: yield* volume(open(), step.megabytes, sink.capabilities.batch.maxRecords) }
      }
    })
  return perform
}

const engineStore = (
  sink: JobSink.OpenSink,
  token: string,
  records: ReadonlyArray<JobSink.JobRecord>,
  tries: number
): Effect.Effect<Part> =>
  Effect.gen(function*() {
    const errors: Array<ToldError> = []
    const attempt = <A>(step: () => Effect.Effect<A, JobSink.SinkError>) =>
      Effect.gen(function*() {
        for (let tried = 1;; tried++) {
          const exit = yield* Effect.exit(Effect.suspend(step))
          if (Exit.isSuccess(exit)) return exit.value
          const error = Cause.squash(exit.cause)
          errors.push(told(error))
          if (tried >= tries || !told(error).isRetryable) return undefined
        }
      })
    const staged = yield* attempt(() => sink.stage(token, records))
    const receipts = staged === undefined ? undefined : yield* attempt(() => sink.commit(token))
    if (receipts !== undefined) return { receipts, errors }
    yield* Effect.exit(Effect.suspend(() => sink.abort(token)))
    return { errors }
  })

const nextLine = (): Promise<void> =>
  new Promise((resolve) => {
    process.stdin.once("data", () => {
      process.stdin.pause()
      resolve()
    })
  })

const make = ((await import(modulePath)) as Record<string, unknown>)[exportName] as (target: string) => JobSink.JobSink
const perform = player(make(target))
for (const step of JSON.parse(script) as ReadonlyArray<Step>) {
  const before = control.total
  const countsBefore = { ...control.counts }
  const started = performance.now()
  const exit = await Effect.runPromiseExit(perform(step))
  const part = Exit.isSuccess(exit) ? exit.value : { errors: [told(Cause.squash(exit.cause))] }
  const answer: Answer = {
    do: step.do,
    ok: Exit.isSuccess(exit) && (step.do !== "store" || part.receipts !== undefined),
    errors: [],
    ...part,
    millis: performance.now() - started,
    uses: control.total - before,
    recorded: control.recorder?.operations.length ?? 0,
    counts: Object.fromEntries(
      Object.entries(control.counts).map(([op, count]) => [op, count - (countsBefore[op] ?? 0)])
    )
  }
  writeSync(1, `${mark}${JSON.stringify(answer)}\n`)
  if (step.do === "wait") await nextLine()
}
// Anything still open no longer matters.
process.exit(0)
