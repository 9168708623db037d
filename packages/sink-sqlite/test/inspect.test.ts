import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { dirname } from "node:path"
import { SqliteSink } from "../src/index.ts"
import { record } from "./support/records.ts"
import { batches } from "./support/scenario.ts"
import { files, inspected, run, store, temporaryFile, using } from "./support/targets.ts"

const told = (found: ReadonlyArray<JobSink.Inspected>) =>
  found.flatMap((item) => item._tag === "Intact" ? [] : [`${item._tag} ${item.path}`])

describe("inspect", () => {
  it.effect("finds nothing if there is no file, or nothing in it", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      for (const depth of ["manifest", "content"] as const) assert.deepStrictEqual(yield* inspected(file, depth), [])
      assert.deepStrictEqual(files(dirname(file)), {})
    }))

  it.effect("returns the receipts of commits, in order of their ids, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const receipts = yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* SqliteSink.make({ file }).open
        yield* store(sink, "t", batches[0]!)
        return yield* store(sink, "u", batches[1]!)
      }))
      const before = files(dirname(file))
      for (const depth of ["manifest", "content"] as const) {
        const found = yield* inspected(file, depth)
        assert.deepStrictEqual(
          found.flatMap((item) => item._tag === "Intact" ? [item.receipt.jobId] : []),
          ["emptied", "plain", "reworked", "other"]
        )
        const sorted = (list: ReadonlyArray<JobSink.Receipt>) => [...list].sort((a, b) => a.jobId < b.jobId ? -1 : 1)
        assert.deepStrictEqual(
          sorted(found.flatMap((item) => item._tag === "Intact" ? [item.receipt] : [])),
          sorted(receipts)
        )
      }
      assert.deepStrictEqual(files(dirname(file)), before)
    }))

  it.effect("names what is missing, modified, or extra", () =>
    Effect.gen(function*() {
      const large = record({ job: "large", labels: Array<string>(4500).fill("car") })
      const cases: ReadonlyArray<readonly [string, ReadonlyArray<string>, ReadonlyArray<string>]> = [
        ["DELETE FROM jobs WHERE job_id = 'plain'", ["Missing jobs/batch-1/plain"], ["Missing jobs/batch-1/plain"]],
        ["UPDATE jobs SET revision = '' WHERE job_id = 'plain'", [], ["Modified documents/batch-1/plain"]],
        ["UPDATE jobs SET annotation_rows = 7 WHERE job_id = 'plain'", [], ["Modified annotations/batch-1/plain"]],
        ["DELETE FROM documents WHERE job_id = 'plain'", [], ["Missing documents/batch-1/plain"]],
        ["UPDATE documents SET bytes = x'00' WHERE job_id = 'plain'", [], ["Modified documents/batch-1/plain"]],
        ["UPDATE documents SET codec = 'lz4' WHERE job_id = 'plain'", [], ["Modified documents/batch-1/plain"]],
        ["INSERT INTO documents VALUES ('batch-1', 'plain', 1, 'none', x'00')", [], [
          "Modified documents/batch-1/plain"
        ]],
        ["DELETE FROM files WHERE job_id = 'other'", [], ["Missing files/batch-2/other/0"]],
        ["UPDATE files SET bytes = x'00' WHERE job_id = 'other'", [], ["Modified files/batch-2/other/0"]],
        ["DELETE FROM attachments WHERE job_id = 'other'", [], ["Missing attachments/batch-2/other"]],
        ["DELETE FROM problems", [], ["Missing problems/batch-2/other"]],
        ["DELETE FROM annotations WHERE job_id = 'large' AND annotation_index = 4321", [], [
          "Modified annotations/batch-1/large"
        ]],
        ["UPDATE annotations SET annotation_index = 9999 WHERE job_id = 'large' AND annotation_index = 7", [], [
          "Modified annotations/batch-1/large"
        ]],
        ["DELETE FROM annotations WHERE job_id = 'large'", [], ["Missing annotations/batch-1/large"]],
        ["UPDATE annotations SET geometry = '[' WHERE job_id = 'plain'", [], ["Modified annotations/batch-1/plain"]],
        ["DELETE FROM receipts WHERE job_id = 'plain'", ["Extra jobs/batch-1/plain"], [
          "Extra jobs/batch-1/plain",
          "Extra annotations/batch-1/plain",
          "Extra documents/batch-1/plain"
        ]],
        ["INSERT INTO problems VALUES ('b', 'j', 0, '', '')", [], ["Extra problems/b/j"]]
      ]
      for (const [sql, manifest, content] of cases) {
        const file = yield* temporaryFile
        yield* run({ file }, [...batches, [large]])
        using(file, (db) => db.exec(sql))
        assert.deepStrictEqual(told(yield* inspected(file, "manifest")), manifest, sql)
        assert.deepStrictEqual(told(yield* inspected(file, "content")), content, sql)
        // The same records again put everything right that belongs to them.
        yield* run({ file }, [...batches.slice(1), [large]])
        assert.deepStrictEqual(told(yield* inspected(file)), sql.includes("'j'") ? content : [], sql)
      }
    }))

  it.effect("goes through thousands of jobs, and sees each as one commit left it while a run continues", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const sink = yield* SqliteSink.make({ file }).open
      const all = (label: string) =>
        Array.from({ length: 1234 }, (_, index) => record({ job: `job-${index}`, labels: [label] }))
      yield* store(sink, "t", all("old"))
      let seen = 0
      yield* Stream.runForEach(SqliteSink.make({ file }).inspect("content"), (found) =>
        Effect.gen(function*() {
          seen += found.length
          assert.deepStrictEqual(told(found), [])
          if (seen === 200) yield* store(sink, "u", all("new"))
          if (seen === 400) yield* sink.stage("v", all("newest"))
        }))
      assert.strictEqual(seen, 1234)
      assert.strictEqual((yield* inspected(file, "manifest")).length, 1234)
    }))
})
