/** V: what is stored can be proved, by its manifest and by inspecting it. */
import { Ledger, LedgerMemory, Verify } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { inspect, isDeepStrictEqual } from "node:util"
import { must, type Rule, rule } from "../../Rule.ts"
import { difference } from "../compare.ts"
import { sha256 } from "../contents.ts"
import { jobs, keyOf, latest, plain } from "../jobs.ts"
import { tree } from "../tree.ts"
import { trial } from "../trial.ts"
import { inspectFinds } from "./whole.ts"

const V01 = rule("V01", "lists every stored file with its true size and hash in its manifest", {
  files: true,
  manifest: true
}, (subject) =>
  Effect.gen(function*() {
    const at = yield* trial(subject)
    yield* at.run([yield* jobs(plain(6)), yield* jobs(plain(4, 1))])
    const listed = yield* subject.manifest!(at.target)
    const bytes = (path: string) => readFileSync(join(at.target, path))
    for (const { path, sha256: hash, size } of listed) {
      yield* must(existsSync(join(at.target, path)), `the manifest lists ${path}, which is not there`)
      yield* must(
        bytes(path).length === size,
        `the manifest says ${size} bytes of ${path}, it has ${bytes(path).length}`
      )
      yield* must(sha256(bytes(path)) === hash, `the manifest's hash of ${path} is not that of its bytes`)
    }
    const known = new Set(listed.map(({ path }) => path))
    // A stored document must be in a listed file, whatever else is in the folder.
    const documents = new Set((yield* jobs(plain(6, 0))).slice(4).map(({ document }) => sha256(document)))
    for (const [path, hash] of tree(at.target)) {
      yield* must(!documents.has(hash) || known.has(path), `${path} holds a document and is not in the manifest`)
    }
    yield* must(listed.length > 0, "the manifest lists nothing")
  }))

const V02 = rule(
  "V02",
  "returns from inspect all that rebuilds a ledger, and the same number of jobs from count",
  { inspect: true, upsert: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const of = yield* jobs(plain(8))
      yield* at.run([of.slice(0, 5), of.slice(5)])
      yield* inspectFinds(at, of, "content", "after a run")
      const count = at.sink.count === undefined ? of.length : yield* at.sink.count
      yield* must(count === of.length, `count says ${count} of ${of.length} jobs`)
      const strange = (yield* at.inspected("manifest")).find((item) =>
        item._tag === "Intact" && item.projectId !== of[0]?.record.projectId
      )
      yield* must(strange === undefined, () => `inspect names another project: ${JSON.stringify(strange)}`)
      const context = yield* Layer.build(Layer.fresh(LedgerMemory.layer))
      const left = yield* Effect.gen(function*() {
        const ledger = yield* Ledger.Ledger
        const found = yield* at.inspected("manifest")
        yield* ledger.record(found.flatMap((item) =>
          item._tag !== "Intact" ? [] : [{
            _tag: "Reconciled" as const,
            batch: { projectId: item.projectId, batchId: item.receipt.batchId },
            sink: at.sink.id,
            receipt: item.receipt
          }]
        ))
        return yield* Stream.runCollect(Verify.sink(at.sink))
      }).pipe(Effect.provide(context))
      const intact = left.reduce((sum, part) => sum + part.intact, 0)
      const [differs] = left.flatMap(({ differences }) => differences)
      yield* must(differs === undefined, () => `compared with the ledger: ${JSON.stringify(differs)}`)
      yield* must(intact === of.length, `compared with the ledger, ${intact} of ${of.length} jobs are intact`)
    })
)

const V03 = rule(
  "V03",
  "returns by replay every committed job with its bytes and what GT Studio said about it",
  { upsert: true, documents: true, replay: true },
  (subject) =>
    Effect.gen(function*() {
      const at = yield* trial(subject)
      const [old, fewer] = [yield* jobs(plain(6)), yield* jobs(plain(4, 1))]
      yield* at.run([old])
      yield* at.run([fewer])
      const expected = latest(old, fewer)
      const records = new Map(expected.map(({ record }) => [keyOf(record), record]))
      const replayed = yield* Stream.runCollect(Stream.mapEffect(at.sink.replay ?? Stream.empty, (job) =>
        Effect.gen(function*() {
          const record = records.get(keyOf(job))
          for (const field of ["projectId", "revision", "summary", "result", "sizes"] as const) {
            yield* must(
              record === undefined || isDeepStrictEqual(job[field], record[field]),
              () => `${field} of ${job.jobId} is ${inspect(job[field])}`
            )
          }
          const files = [...job.attachments].sort((one, other) => one.index - other.index)
          // Contents can be read until the stream ends.
          const document = yield* job.document.collect
          const attachments = yield* Effect.forEach(files, ({ content }) => content.collect)
          return { batchId: job.batchId, jobId: job.jobId, document, attachments }
        })))
      const differs = difference(replayed, expected)
      yield* must(differs === undefined, () =>
        `replayed: ${differs}`)
    })
)

export const verify: ReadonlyArray<Rule> = [V01, V02, V03]
