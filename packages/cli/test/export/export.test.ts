import { assert, describe, it } from "@effect/vitest"
import { PathName } from "@labelstream/core"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { platform, run, temporaryFolder } from "../support/program.ts"
import { stored, toFiles, world } from "../support/world.ts"

describe("labelstream export", () => {
  it.live("stores every finished job, says where, and requests only the pages the second time", () =>
    Effect.gen(function*() {
      const { cwd, labelstream, simulator } = yield* world({
        batches: [{ id: "b", jobs: 120, unfinished: [3], kinds: ["image_segmentation", "custom"] }]
      })
      const first = yield* labelstream(["export", ...toFiles, "--to", "sqlite:l.db", "--to", "parquet:set"])
      assert.strictEqual(first.status, 0, first.stderr)
      assert.match(first.stdout, /Batch b: 120 jobs listed = 119 exported \+ 0 unchanged \+ 1 unfinished \+ 0 failed/)
      assert.match(first.stdout, /\d+ jobs with a result of unknown shape, such as \S+: stored as received/)
      assert.match(first.stdout, /Complete: nothing is missing in files:out, sqlite:l.db, parquet:set\n$/)
      for (const { finished, id } of simulator.jobs("b")) {
        if (!finished) continue
        const bytes = readFileSync(join(cwd, "out", "b", `${PathName.fromId(id)}.json`))
        assert.isTrue(bytes.equals(simulator.expectedDocument("b", id)))
      }
      yield* simulator.reset
      const second = yield* labelstream(["export", ...toFiles])
      assert.strictEqual(second.status, 0, second.stderr)
      const { requests } = yield* simulator.report
      assert.deepStrictEqual(requests, { ...requests, details: 0, jobs: 2, job: 0, attachment: 0, storage: 0 })
    }))

  it.live("prints with --json one object and nothing else on stdout, each failed job in it, and ends with 2", () =>
    Effect.gen(function*() {
      const { labelstream, simulator } = yield* world()
      const [missing, unknown] = [simulator.job("b", 3).id, simulator.job("b", 5).id]
      yield* simulator.setFaults([
        { on: "storage", job: missing, meets: { _tag: "Missing" }, times: 1000 },
        { on: "job", job: unknown, meets: { _tag: "Platform", code: "FS_0006" }, times: 1000 }
      ])
      let before = 0
      for (const attempts of [1, 2, 3, 4]) {
        const ended = yield* labelstream(["export", ...toFiles, "--json"])
        assert.strictEqual(ended.status, 2, ended.stderr)
        const object = JSON.parse(ended.stdout)
        const { bytes, ...batch } = object.batches[0]
        assert.deepStrictEqual(batch, {
          project_id: simulator.projectId,
          batch_id: "b",
          listed: 12,
          exported: attempts === 1 ? 10 : 0,
          unchanged: attempts === 1 ? 0 : 10,
          unfinished: 0,
          failed: 2,
          remaining: 0,
          skipped: 0,
          changed: 0,
          delisted: 0
        })
        assert.strictEqual(bytes > 0, attempts === 1)
        assert.deepStrictEqual(Object.keys(object), [
          "complete",
          "limited",
          "stopped",
          "no_match",
          "seen",
          "not_listed",
          "batches",
          "failures",
          "unsized",
          "unreachable",
          "sinks",
          "seconds"
        ])
        assert.isFalse(object.complete)
        assert.deepStrictEqual(Object.keys(object.sinks[0]), [
          "sink",
          "stored",
          "backfilled",
          "bytes",
          "error",
          "published",
          "notice"
        ])
        const failures = object.failures.map(({ message, ...rest }: { message: string }) => {
          assert.isAbove(message.length, 0)
          return rest
        })
        // The report names the failure that is not retryable too.
        const permanent = attempts >= 3
        assert.sameDeepMembers(failures, [
          { batch_id: "b", job_id: missing, error: "AttachmentMissing", attempts, retryable: true, permanent },
          { batch_id: "b", job_id: unknown, error: "NotFound", attempts: 1, retryable: false, permanent: true }
        ])
        // After 3 runs the failure is permanent, and the next one tries it once.
        const { requests } = yield* simulator.report
        if (attempts > 1) assert.strictEqual(requests.storage - before, attempts === 4 ? 1 : 3)
        before = requests.storage
      }
      const told = yield* labelstream(["export", ...toFiles])
      assert.match(
        told.stdout,
        /1 × AttachmentMissing[^]*not in GT Studio's storage[^]*\n {6}Permanent: it failed in 3 runs/
      )
      assert.match((yield* labelstream(["status"])).stdout, /Permanent: it failed in 3 runs or more/)
    }))

  it.live("takes every batch of the project, and ends with 2 if a named batch is unknown", () =>
    Effect.gen(function*() {
      const { labelstream } = yield* world({
        batches: [{ id: "one", jobs: 3 }, { id: "two", jobs: 4 }, { id: "none", jobs: 0 }]
      })
      const all = yield* labelstream(["export", "--all-batches", "--to", "files:out"])
      assert.strictEqual(all.status, 0, all.stderr)
      assert.match(all.stdout, /Batch one: 3 jobs[^]*Batch two: 4 jobs[^]*Batch none: 0 jobs/)
      const unknown = yield* labelstream(["export", "--batch", "one", "--batch", "nowhere", "--to", "files:out"])
      assert.strictEqual(unknown.status, 2, unknown.stderr)
      assert.match(unknown.stdout, /Batch nowhere: 0 jobs[^]*the platform does not know it: check the ids/)
    }))

  it.live("takes several projects with --all-batches only", () =>
    Effect.gen(function*() {
      const { labelstream, simulator } = yield* world()
      const projects = ["--project", simulator.projectId, "--project", "nowhere"]
      const named = yield* labelstream(["export", ...projects, "--batch", "b", "--to", "files:out"])
      assert.strictEqual(named.status, 1)
      assert.include(named.stderr, "2 projects are named, and this takes one: only --all-batches takes several")
      const all = yield* labelstream(["export", ...projects, "--all-batches", "--to", "files:out"])
      assert.strictEqual(all.status, 1, all.stdout)
      const same = ["--project", simulator.projectId, ...projects.slice(0, 2)]
      const once = yield* labelstream(["export", ...same, "--all-batches", "--to", "files:out"])
      assert.match(once.stdout, /Batch b: 12 jobs listed = 12 exported/)
    }))

  it.live("fetches no more than --limit, says that there is more, and takes the next ones the next time", () =>
    Effect.gen(function*() {
      const { cwd, labelstream } = yield* world({ batches: [{ id: "b", jobs: 250 }] })
      const first = yield* labelstream(["export", ...toFiles, "--limit", "7"])
      assert.strictEqual(first.status, 0, first.stderr)
      assert.match(first.stdout, /Batch b: 7 jobs listed = 7 exported[^]*Reached the limit: there is more to fetch/)
      assert.match(first.stdout, /labelstream export --batch b --to files:out --limit 7\n$/)
      yield* labelstream(["export", ...toFiles, "--limit", "7"])
      assert.strictEqual(stored(cwd), 14)
    }))

  it.live("takes only jobs with the given status and label, and counts the others", () =>
    Effect.gen(function*() {
      const { cwd, labelstream, simulator } = yield* world({
        batches: [{ id: "b", jobs: 30, unfinished: [1, 2] }]
      })
      const labels = (index: number): ReadonlyArray<string> => {
        const { data } = JSON.parse(Buffer.from(simulator.expectedDocument("b", index)).toString()) as {
          data?: { annotations?: Record<string, ReadonlyArray<{ label: string }>> }
        }
        return Object.values(data?.annotations ?? {}).flat().map(({ label }) => label)
      }
      const finished = Array.from({ length: 30 }, (_, index) => index).filter((index) => index !== 1 && index !== 2)
      const [label = ""] = finished.flatMap(labels)
      const having = finished.filter((index) => labels(index).includes(label)).length
      assert.isAbove(having, 0)
      const ended = yield* labelstream(["export", ...toFiles, "--status", "Completed", "--label", label])
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.include(ended.stdout, `Batch b: ${having} job${having === 1 ? "" : "s"} listed = ${having} exported`)
      assert.include(ended.stdout, `${30 - having} jobs skipped`)
      assert.strictEqual(stored(cwd), having)
    }))

  it.live("continues until all is finished with --follow", () =>
    Effect.gen(function*() {
      let pages = 0
      const runSync = Effect.runSyncWith(yield* Effect.context())
      const simulator: Simulator.Running = yield* Simulator.start({
        batches: [{ id: "b", jobs: 6, unfinished: [2] }],
        onRequest: ({ endpoint }) => {
          if (endpoint === "jobs" && ++pages === 2) runSync(simulator.finish())
        }
      })
      const cwd = yield* temporaryFolder
      const ended = yield* run(["export", ...toFiles, "--follow", "--interval", "0.05"], {
        cwd,
        env: platform(simulator)
      })
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.match(ended.stdout, /6 jobs listed = 6 exported \+ 0 unchanged \+ 0 unfinished/)
    }))
})

describe("labelstream retry and refresh", () => {
  it.live("take exactly the failed jobs, and the changed ones", () =>
    Effect.gen(function*() {
      const { labelstream, simulator } = yield* world()
      const failing = simulator.job("b", 4).id
      yield* simulator.setFaults([
        { on: "job", job: failing, meets: { _tag: "Platform", code: "FS_0006" }, times: 1000 }
      ])
      const first = yield* labelstream(["export", ...toFiles, "--follow=false"])
      assert.strictEqual(first.status, 2)
      assert.match(
        first.stdout,
        /Not retryable: a normal run skips it\. To retry, run: labelstream retry --batch b --to files:out\n/
      )
      yield* simulator.setFaults([])
      yield* simulator.reset
      const retried = yield* labelstream(["retry", ...toFiles])
      assert.strictEqual(retried.status, 0, retried.stderr)
      assert.deepStrictEqual(Object.keys((yield* simulator.report).jobs ?? {}), [failing])
      yield* simulator.rework(simulator.job("b", 7).id)
      const refreshed = yield* labelstream(["refresh", ...toFiles, "--job", simulator.job("b", 7).id])
      assert.strictEqual(refreshed.status, 0, refreshed.stderr)
      assert.include(refreshed.stdout, `Changed: job ${simulator.job("b", 7).id} of batch b\n`)
      assert.match(refreshed.stdout, /1 job listed = 1 exported \+ 0 unchanged[^]*11 jobs skipped/)
    }))
})
