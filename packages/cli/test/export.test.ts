import { assert, describe, it } from "@effect/vitest"
import { PathName } from "@labelstream/core"
import { Simulator } from "@labelstream/simulator"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { platform, run, runAlone, start, temporaryFolder } from "./support/program.ts"

const canary = "canary-key-77aa"

/** A folder, a platform, and the command run there. */
const world = Effect.fnUntraced(function*(options: Simulator.Options = {}) {
  const cwd = yield* temporaryFolder
  const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 12 }], countJobs: true, ...options })
  const env = platform(simulator)
  const labelstream = (args: ReadonlyArray<string>, more: Readonly<Record<string, string>> = {}) =>
    run(args, { cwd, env: { ...env, ...more } })
  return { cwd, simulator, env, labelstream }
})

const toFiles = ["--batch", "b", "--to", "files:out"]

const stored = (cwd: string, batch = "b") =>
  existsSync(join(cwd, "out", batch))
    ? readdirSync(join(cwd, "out", batch)).filter((name) => name.endsWith(".json")).length
    : 0

describe("labelstream export", () => {
  it.live("stores every finished job, says where, and asks only for the pages the second time", () =>
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
        // The one that is not retryable is named all the same.
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

  for (
    const [what, args, env, said] of [
      [
        "the key is wrong",
        toFiles,
        { GT_STUDIO_API_KEY: canary },
        /does not accept the API key: check GT_STUDIO_API_KEY/
      ],
      ["there is no key", toFiles, { GT_STUDIO_API_KEY: "" }, /There is no API key\. Set GT_STUDIO_API_KEY/],
      [
        "no batch is named",
        ["--to", "files:out"],
        {},
        /No batch is named\. Use --batch ID.*labelstream batches --project/
      ],
      ["no sink is named", ["--batch", "b"], {}, /No sink is named\. Use --to files:DIR/],
      [
        "the URL is plain http elsewhere",
        toFiles,
        { GT_STUDIO_BASE_URL: "http://example.com" },
        /API key would travel in the clear/
      ],
      ["a sink is unknown", ["--batch", "b", "--to", "lost:x"], {}, /"lost": .*install one of @labelstream\/sink-lost/],
      [
        "a target has no kind",
        ["--batch", "b", "--to", "out"],
        {},
        /--to\[0\]: Expected KIND:TARGET, such as files:output/
      ],
      [
        "the ledger cannot be made",
        [...toFiles, "--ledger", "/dev/null/x"],
        {},
        /\/dev\/null, the folder of the ledger, cannot be made/
      ]
    ] as const
  ) {
    it.live(`ends with 1, one clear message and an empty report when ${what}`, () =>
      Effect.gen(function*() {
        const { cwd, labelstream } = yield* world()
        const ended = yield* labelstream(["export", ...args, "--json"], env)
        assert.strictEqual(ended.status, 1)
        assert.match(ended.stderr, said)
        assert.notInclude(ended.stderr, "    at ")
        assert.notInclude(ended.stderr + ended.stdout, canary)
        const object = JSON.parse(ended.stdout)
        // A refused key is a failed listing. The other runs did not get that far.
        const listings = object.failures.map(({ error }: { error: string }) => error)
        assert.deepStrictEqual(listings, what === "the key is wrong" ? ["InvalidKey"] : [])
        assert.deepStrictEqual({ ...object, seconds: 0, batches: [], failures: [], sinks: [] }, {
          complete: false,
          limited: false,
          stopped: false,
          no_match: false,
          seen: { statuses: [], labels: [] },
          not_listed: [],
          batches: [],
          failures: [],
          unsized: [],
          unreachable: [],
          sinks: [],
          seconds: 0
        })
        assert.strictEqual(stored(cwd), 0)
      }))
  }

  it.live("shows the kinds of errors only with --log-level debug", () =>
    Effect.gen(function*() {
      const { labelstream } = yield* world()
      const ended = yield* labelstream(["export", ...toFiles, "--log-level", "debug"], { GT_STUDIO_API_KEY: canary })
      assert.strictEqual(ended.status, 1)
      assert.match(ended.stderr, /^GtStudioError: /m)
      assert.notInclude(ended.stderr, canary)
      const quiet = yield* labelstream(["export", ...toFiles], { GT_STUDIO_API_KEY: canary })
      assert.notInclude(quiet.stderr, "GtStudioError")
    }))

  it.live("takes every batch of the project, and ends with 2 when one that is named is unknown", () =>
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

  it.live("takes only jobs with a status or label that is asked for, and counts the others", () =>
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

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it.live(`finishes jobs in flight on ${signal}, leaves only complete files, says what to run, and resumes`, () =>
      Effect.gen(function*() {
        const asked = yield* Deferred.make<void>()
        const { cwd, env, labelstream, simulator } = yield* world({
          batches: [{ id: "b", jobs: 120 }],
          latency: 100,
          onRequest: ({ endpoint }) => {
            if (endpoint === "storage") Deferred.doneUnsafe(asked, Effect.void)
          }
        })
        const program = yield* start(["export", ...toFiles], { cwd, env })
        yield* Deferred.await(asked)
        yield* program.signal(signal)
        const ended = yield* program.end
        assert.strictEqual(ended.status, 130, ended.stderr)
        assert.match(ended.stderr, /Stopping: finishing jobs in flight/)
        assert.match(
          ended.stdout,
          /in files:out is complete. To resume, run: labelstream export --batch b --to files:out\n$/
        )
        for (const { id } of simulator.jobs("b")) {
          const file = join(cwd, "out", "b", `${PathName.fromId(id)}.json`)
          if (existsSync(file)) assert.isTrue(readFileSync(file).equals(simulator.expectedDocument("b", id)), id)
        }
        assert.isBelow(stored(cwd), 120)
        const again = yield* labelstream(["export", ...toFiles])
        assert.strictEqual(again.status, 0, again.stderr)
        assert.strictEqual(stored(cwd), 120)
      }))
  }

  it.live("loads a sink by name that is installed in the folder, or a file of it, with the command's own copies of its peers", () =>
    Effect.gen(function*() {
      const { cwd, env } = yield* world()
      // As published, the command hands over to its modules for this.
      const labelstream = (args: ReadonlyArray<string>) => runAlone(args, { cwd, env })
      const source = (name: string) => `
        import { MemorySink, SinkPlugin } from "@labelstream/core/sink"
        import * as Schema from "effect/Schema"
        export default SinkPlugin.define({
          name: ${JSON.stringify(name)},
          version: "1.0.0",
          options: Schema.Struct({ url: Schema.String, size: Schema.optionalKey(Schema.Int) }),
          make: ({ url }) => MemorySink.make({ id: "${name}:" + url })
        })`
      const folder = join(cwd, "node_modules", "labelstream-sink-installed")
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, "package.json"), `{ "type": "module", "exports": { "import": "./index.js" } }`)
      writeFileSync(join(folder, "index.js"), source("installed"))
      writeFileSync(join(cwd, "mine.mjs"), source("mine"))
      // The folder has its own copies of the peers, as after an install of the sink alone.
      for (const peer of ["effect", "@labelstream/core"]) {
        const copy = join(cwd, "node_modules", peer)
        mkdirSync(copy, { recursive: true })
        writeFileSync(join(copy, "package.json"), `{ "type": "module", "exports": { "./*": "./copy.js" } }`)
        writeFileSync(join(copy, "copy.js"), `throw new Error("a second copy of ${peer} was loaded")`)
      }
      const ended = yield* labelstream([
        "export",
        "--batch",
        "b",
        "--to",
        "installed:memory://there",
        "--to",
        "./mine.mjs:memory://here"
      ])
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.match(ended.stdout, /Stored 12 jobs, .*: installed:memory:\/\/there\n/)
      assert.match(ended.stdout, /Stored 12 jobs, .*: mine:memory:\/\/here\n/)
      const listed = yield* labelstream(["sinks"])
      assert.match(
        listed.stdout,
        /labelstream-sink-installed \(labelstream-sink-installed 1\.0\.0\)\n {2}--to labelstream-sink-installed:URL\n/
      )
      assert.match(listed.stdout, /files \(@labelstream\/sink-files .*\n {2}--to files:DIRECTORY\n/)
      assert.match(
        listed.stdout,
        /mot \(@labelstream\/dataset\/mot [^]*\n {2}keeps rectangle, track ids\n {2}approximates turned rectangle \(written as its extent\)/
      )
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
