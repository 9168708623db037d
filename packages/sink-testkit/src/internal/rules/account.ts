/** O: every record is accounted for, no secret is written, and errors name their origin. */
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import { must, type Rule, rule } from "../../Rule.ts"
import { unreadable } from "../contents.ts"
import { job, jobs, keyOf, plain, recordsOf } from "../jobs.ts"
import { poisoned } from "../poisoned.ts"
import { tree } from "../tree.ts"
import { trial } from "../trial.ts"

const O01 = rule(
  "O01",
  "accounts for each record of a batch once: by a receipt, a rejection, or an abort",
  {},
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const { records } = yield* poisoned(subject)
      const sink = yield* at.open
      const rejections = yield* sink.stage("t", records)
      const receipts = yield* sink.commit("t")
      const answers = [...rejections, ...receipts].map(keyOf)
      for (const record of records) {
        const count = answers.filter((key) => key === keyOf(record)).length
        yield* must(count === 1, `${record.jobId} gets ${count} receipts and rejections`)
      }
      yield* must(answers.length === records.length, "it answers for records that were not in the batch")
      const dropped = yield* jobs(plain(3, 1))
      yield* must((yield* sink.stage("dropped", recordsOf(dropped))).length === 0, "good records are rejected")
      yield* sink.abort("dropped")
      const late = yield* Effect.result(sink.commit("dropped"))
      yield* must(late._tag === "Failure" || late.success.length === 0, "what was aborted gets receipts")
    })
)

const O02 = rule(
  "O02",
  "writes no secret and no signature of a URL into the target, a receipt, a rejection, or what inspect returns",
  {},
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const canary = "canary5f1d77ac"
      const query = `?a=1&X-Amz-Credential=${canary}&X-Amz-Signature=${canary}&Expires=1`
      const batch = yield* Effect.forEach(plain(4), (sketch) => job({ ...sketch, query }))
      const bad = yield* job({ job: "bad", document: { of: "lost" }, hold: unreadable, query })
      const said: Array<string> = [at.sink.id]
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* at.open
        const rejections = yield* Effect.result(sink.stage("t", recordsOf([...batch, bad])))
        said.push(inspect(rejections, { depth: 20 }), JSON.stringify(rejections))
        said.push(JSON.stringify(yield* Effect.result(sink.commit("t"))))
        yield* sink.finish({ outcome: "completed" })
      }))
      if (at.sink.capabilities.inspectable) said.push(JSON.stringify(yield* at.inspected()))
      if (subject.location === "files") {
        for (const path of tree(at.target).keys()) {
          said.push(path, path.endsWith("/") ? "" : readFileSync(join(at.target, path), "latin1"))
        }
      }
      for (const secret of [canary, ...subject.secret === undefined ? [] : [subject.secret]]) {
        const text = said.find((one) => one.includes(secret))
        const around = text?.slice(Math.max(0, text.indexOf(secret) - 80), text.indexOf(secret))
        yield* must(text === undefined, () => `a secret is found after: ${around}`)
      }
    })
)

const O03 = rule(
  "O03",
  "names itself and the step in every error, and the batch and the job in every rejection",
  {},
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const { records } = yield* poisoned(subject)
      const { name } = at.sink
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* at.open
        for (const { batchId, error, jobId } of yield* sink.stage("t", records)) {
          yield* must(error.sink === name, `an error names the sink ${error.sink} instead of ${name}`)
          yield* must(error.step === "stage", `a rejection at stage names the step ${error.step}`)
          yield* must(
            error.jobId === jobId && error.batchId === batchId,
            "a rejection's error does not name its job and batch"
          )
          yield* must(error.detail.trim() !== "", "an error says nothing")
        }
        yield* sink.abort("t")
      }))
      if (subject.location !== "files") return
      const file = join(at.around, "file")
      writeFileSync(file, "a file")
      const refused = subject.make(join(file, "below"))
      for (const [step, effect] of [["check", refused.check], ["open", Effect.scoped(refused.open)]] as const) {
        const result = yield* Effect.result<unknown, { readonly sink: string; readonly step: string }, never>(effect)
        if (result._tag === "Success") continue
        yield* must(
          result.failure.sink === name && result.failure.step === step,
          `the error of ${step} names the sink ${result.failure.sink} and the step ${result.failure.step}`
        )
      }
    })
)

export const account: ReadonlyArray<Rule> = [O01, O02, O03]
