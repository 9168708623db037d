import { assert, describe, it } from "@effect/vitest"
import { PathName } from "@labelstream/core"
import { Simulator } from "@labelstream/simulator"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"
import { scale } from "../../scripts/testScale.ts"
import { fileOf, run, start, temporaryFolder } from "./support/program.ts"

const canary = "canary-key-5f2c"

const settings = (simulator: Simulator.Running, output: string) => ({
  GT_STUDIO_API_KEY: simulator.apiKey,
  GT_STUDIO_BASE_URL: simulator.apiUrl,
  GT_STUDIO_PROJECT_ID: simulator.projectId,
  GT_STUDIO_BATCH_ID: simulator.batches.map(({ id }) => id).join(","),
  LABELSTREAM_OUTPUT: output
})

const filesBelow = (folder: string) =>
  Effect.promise(async () =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  )

const assertIdentical = (simulator: Simulator.Running, output: string, batchId: string) =>
  Effect.promise(async () => {
    for (const { finished, id } of simulator.jobs(batchId)) {
      if (!finished) continue
      const stored = await readFile(join(output, batchId, `${PathName.fromId(id)}.json`))
      assert.isTrue(stored.equals(simulator.expectedDocument(batchId, id)), id)
    }
  })

describe("export-to-files", () => {
  it.live("exports from a simulated platform when there is no key, says so in one line, and never mixes with real jobs", () =>
    Effect.gen(function*() {
      const demo = yield* temporaryFolder
      const { status, stderr, stdout } = yield* run("export-to-files", { LABELSTREAM_OUTPUT: demo })
      assert.match(stderr, /^No GT_STUDIO_API_KEY: exporting from a simulated platform at http:\/\/127\.0\.0\.1:\d+\n/)
      assert.match(stdout, /400 jobs listed = 380 exported \+ 0 unchanged \+ 20 unfinished \+ 0 failed/)
      assert.match(stdout, /Complete: nothing is missing/)
      assert.strictEqual(status, 0)
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 3 }] })
      const real = yield* temporaryFolder
      assert.strictEqual((yield* run("export-to-files", settings(simulator, real))).status, 0)
      const [before, stored] = [yield* filesBelow(demo), yield* filesBelow(real)]
      const mixed = yield* run("export-to-files", settings(simulator, demo))
      assert.strictEqual(mixed.status, 1)
      assert.include(mixed.stderr, `${demo} holds simulated jobs`)
      const reverse = yield* run("export-to-files", { LABELSTREAM_OUTPUT: real })
      assert.strictEqual(reverse.status, 1)
      assert.include(reverse.stderr, `${real} holds data that is not simulated`)
      assert.deepStrictEqual([yield* filesBelow(demo), yield* filesBelow(real)], [before, stored])
      assert.strictEqual((yield* run("export-to-files", { LABELSTREAM_OUTPUT: demo })).status, 0)
    }))

  it.live("exports several batches, and asks only for the pages when it is run again", () =>
    Effect.gen(function*() {
      const output = yield* temporaryFolder
      const simulator = yield* Simulator.start({
        batches: [{ id: "one", jobs: 101, kinds: ["image_segmentation", "custom"] }, { id: "two", jobs: 20 }, {
          id: "none",
          jobs: 0
        }]
      })
      const first = yield* run("export-to-files", settings(simulator, output))
      assert.strictEqual(first.status, 0, first.stderr)
      assert.match(first.stdout, /47 jobs with a result of unknown shape, such as \S+: stored as received/)
      yield* assertIdentical(simulator, output, "one")
      yield* assertIdentical(simulator, output, "two")
      yield* simulator.reset
      const second = yield* run("export-to-files", settings(simulator, output))
      assert.strictEqual(second.status, 0, second.stderr)
      assert.match(second.stdout, /Batch one: 101 jobs listed = 0 exported \+ 101 unchanged/)
      const { requests } = yield* simulator.report
      assert.deepStrictEqual(requests, { ...requests, jobs: 4, job: 0, attachment: 0, storage: 0 })
    }))

  it.live("ends with 2 when a job failed, names it and its cause, and stores the others", () =>
    Effect.gen(function*() {
      const output = yield* temporaryFolder
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 30 }] })
      const bad = simulator.job("b", 7).id
      yield* simulator.setFaults([{ on: "storage", job: bad, meets: { _tag: "Missing" } }])
      const ended = yield* run("export-to-files", settings(simulator, output))
      assert.strictEqual(ended.status, 2, ended.stderr)
      assert.match(ended.stdout, /30 jobs listed = 29 exported \+ 0 unchanged \+ 0 unfinished \+ 1 failed/)
      assert.include(ended.stdout, `1 × AttachmentMissing, such as job ${bad}`)
      yield* simulator.setFaults([])
      const again = yield* run("export-to-files", settings(simulator, output))
      assert.strictEqual(again.status, 0, again.stderr)
      assert.match(again.stdout, /30 jobs listed = 1 exported \+ 29 unchanged/)
    }))

  for (
    const [what, change, sentence] of [
      ["the key is wrong", { GT_STUDIO_API_KEY: canary }, /does not accept the API key: check GT_STUDIO_API_KEY/],
      ["the key is missing, though a project is named", { GT_STUDIO_API_KEY: "" }, /GT_STUDIO_API_KEY is not set/],
      ["the project id is missing", { GT_STUDIO_PROJECT_ID: "" }, /Set GT_STUDIO_PROJECT_ID/],
      [
        "the batch id is missing, and lists the batches",
        { GT_STUDIO_BATCH_ID: "" },
        /GT_STUDIO_BATCH_ID[^]* b {2}Batch 1 \(3 of 3 jobs completed\)/
      ],
      [
        "the base URL is plain http elsewhere",
        { GT_STUDIO_BASE_URL: "http://example.com" },
        /API key would travel in the clear/
      ],
      ["the concurrency is no number", { LABELSTREAM_CONCURRENCY: "many" }, /LABELSTREAM_CONCURRENCY/]
    ] as const
  ) {
    it.live(`ends with 1 and one clear sentence when ${what}`, () =>
      Effect.gen(function*() {
        const output = yield* temporaryFolder
        const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 3 }] })
        const ended = yield* run("export-to-files", { ...settings(simulator, output), ...change })
        assert.strictEqual(ended.status, 1)
        assert.match(ended.stderr, sentence)
        assert.notInclude(ended.stderr, canary)
        assert.notInclude(ended.stderr, "    at ")
        assert.strictEqual(ended.stdout, "")
      }))
  }

  it.live("ends with 2 when one of the batches is unknown, and says which", () =>
    Effect.gen(function*() {
      const output = yield* temporaryFolder
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 3 }] })
      const ended = yield* run("export-to-files", { ...settings(simulator, output), GT_STUDIO_BATCH_ID: "b,nowhere" })
      assert.strictEqual(ended.status, 2, ended.stderr)
      assert.match(ended.stdout, /Batch nowhere: 0 jobs[^]*listing of batch nowhere: the platform/)
      yield* assertIdentical(simulator, output, "b")
    }))

  it.live("ends with 1 when the output is a file", () =>
    Effect.gen(function*() {
      const output = join(yield* temporaryFolder, "file")
      yield* Effect.promise(() => writeFile(output, "mine"))
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 3 }] })
      const ended = yield* run("export-to-files", settings(simulator, output))
      assert.strictEqual(ended.status, 1)
      assert.include(ended.stderr, output)
      assert.strictEqual(yield* Effect.promise(() => readFile(output, "utf8")), "mine")
    }))

  // The command's own tests meet both signals.
  for (const signal of scale(["SIGINT"] as const, ["SIGINT", "SIGTERM"] as const)) {
    it.live(`leaves only whole files and says so on ${signal}, and goes on from there`, () =>
      Effect.gen(function*() {
        const output = yield* temporaryFolder
        const asked = yield* Deferred.make<void>()
        const simulator = yield* Simulator.start({
          batches: [{ id: "b", jobs: 120 }],
          latency: 100,
          onRequest: ({ endpoint }) => {
            if (endpoint === "storage") Deferred.doneUnsafe(asked, Effect.void)
          }
        })
        const program = yield* start("export-to-files", settings(simulator, output))
        yield* Deferred.await(asked)
        yield* program.signal(signal)
        const ended = yield* program.end
        assert.strictEqual(ended.status, 130, ended.stderr)
        assert.match(ended.stderr, /Stopping: finishing jobs in flight/)
        const again = `node ${relative(process.cwd(), fileOf("export-to-files"))}`
        assert.match(
          ended.stdout,
          /Everything stored in .* is complete. To resume, run: node /
        )
        assert.include(ended.stdout, again)
        const stored = (yield* filesBelow(join(output, "b"))).filter((file) => file.endsWith(".json"))
        assert.isBelow(stored.length, 120)
        for (const { id } of simulator.jobs("b")) {
          const file = join(output, "b", `${PathName.fromId(id)}.json`)
          if (!stored.includes(file)) continue
          const bytes = yield* Effect.promise(() => readFile(file))
          assert.isTrue(bytes.equals(simulator.expectedDocument("b", id)), id)
        }
        const resumed = yield* run("export-to-files", settings(simulator, output))
        assert.strictEqual(resumed.status, 0, resumed.stderr)
        yield* assertIdentical(simulator, output, "b")
      }))
  }

  it.live("writes the key and signed URLs nowhere: not to the terminal, not to any file", () =>
    Effect.gen(function*() {
      const output = yield* temporaryFolder
      const simulator = yield* Simulator.start({
        apiKey: canary,
        batches: [{ id: "b", jobs: 40, kinds: ["image_annotation", "video_segmentation"], unfinished: 0.1 }]
      })
      const job = (index: number) => simulator.job("b", index).id
      yield* simulator.setFaults([
        { on: "storage", job: job(3), meets: { _tag: "Missing" } },
        { on: "storage", job: job(4), meets: { _tag: "Denied" } },
        { on: "attachment", job: job(5), meets: { _tag: "RedirectLoop" } },
        { on: "attachment", job: job(6), meets: { _tag: "NoLocation" } },
        { on: "job", job: job(7), meets: { _tag: "Platform", code: "XX_1", message: `bad key ${canary}` } }
      ])
      const ended = yield* run("export-to-files", settings(simulator, output))
      assert.strictEqual(ended.status, 2, ended.stderr)
      const files = yield* filesBelow(output)
      assert.isAbove(files.length, 30)
      const texts = yield* Effect.promise(() => Promise.all(files.map((file) => readFile(file, "latin1"))))
      for (const text of [ended.stdout, ended.stderr, ...texts, ...files]) {
        assert.notInclude(text, canary)
        assert.notMatch(text, /X-Amz-Signature/i)
      }
    }))
})
