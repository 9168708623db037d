import { assert, describe, it } from "@effect/vitest"
import { PathName } from "@labelstream/core"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { run, temporaryFolder } from "./support/program.ts"

/** The variables that the simulator prints, and that the command reads. */
const variables = (simulator: Simulator.Running) => ({
  GT_STUDIO_API_KEY: simulator.apiKey,
  GT_STUDIO_BASE_URL: simulator.apiUrl,
  GT_STUDIO_PROJECT_ID: simulator.projectId,
  GT_STUDIO_BATCH_ID: simulator.batches[0]!.id
})

describe("demo", () => {
  it.live(
    "exports simulated jobs, which the command then finds without any setting, and never mixes with other data",
    () =>
      Effect.gen(function*() {
        const cwd = yield* temporaryFolder
        mkdirSync(join(cwd, "demo"))
        writeFileSync(join(cwd, "demo", "mine.json"), "{}")
        const refused = yield* run("demo", {}, [], cwd)
        assert.strictEqual(refused.status, 1)
        assert.match(refused.stderr, /^The folder demo holds other data/)
        assert.deepStrictEqual(readdirSync(cwd), ["demo"])
        assert.deepStrictEqual(readdirSync(join(cwd, "demo")), ["mine.json"])
        rmSync(join(cwd, "demo"), { recursive: true })

        const { status, stderr, stdout } = yield* run("demo", {}, [], cwd)
        assert.strictEqual(status, 0, stderr)
        assert.match(stderr, /^Exporting from a simulated GT Studio at http:\/\/127\.0\.0\.1:\d+\n/)
        assert.match(stdout, /400 jobs listed = 380 exported \+ 0 unchanged \+ 20 unfinished \+ 0 failed/)
        assert.match(stdout, /Complete: nothing is missing in files:demo\n$/)

        const command = (...args: ReadonlyArray<string>) => run("labelstream", {}, args, cwd)
        assert.match((yield* command("status")).stdout, /simulated-batch +400 +380 +20 +0 +0/)
        assert.match((yield* command("verify")).stdout, /^380 jobs intact, 0 missing/)
        const args = ["export", "--project", "p", "--batch", "b", "--to", "files:demo"]
        const real = yield* run("labelstream", { GT_STUDIO_API_KEY: "key" }, args, cwd)
        assert.strictEqual(real.status, 1)
        assert.match(real.stderr, /holds simulated jobs/)
      }),
    240_000
  )
})

describe("the examples of datasets", () => {
  it.live("write a dataset with images, say what to do next, and change nothing when they run again", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const at = (...path: ReadonlyArray<string>) => join(cwd, "demo", ...path)
      const yolo = yield* run("export-to-yolo", {}, [], cwd)
      assert.strictEqual(yolo.status, 0, yolo.stderr)
      assert.include(yolo.stdout, "data=demo/yolo/data.yaml")
      assert.match(readFileSync(at("yolo", "data.yaml"), "utf8"), /^train: images\/train\n/)
      const images = ["train", "val"].flatMap((split) => readdirSync(at("yolo", "images", split)))
      assert.strictEqual(images.length, 40)
      const coco = yield* run("export-to-coco", {}, [], cwd)
      assert.strictEqual(coco.status, 0, coco.stderr)
      assert.isTrue(existsSync(at("coco", "annotations", "instances_train.json")))
      assert.include(coco.stdout, "demo/coco/annotations/instances_train.json")
      assert.match((yield* run("export-to-yolo", {}, [], cwd)).stdout, /0 exported \+ 40 unchanged/)
    }))
})

describe("export-to-postgres", () => {
  it.live("starts a server, stores jobs, and shows a query with its result", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const { status, stderr, stdout } = yield* run("export-to-postgres", {}, [], cwd)
      assert.strictEqual(status, 0, stderr)
      assert.match(stdout, /Complete: nothing is missing in postgres\npsql .*\n( {2}\S.* \d+\n){5}$/)
    }))
})

describe("several-sinks", () => {
  it.live("exports a batch into three sinks, which the command then finds without any setting", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 6 }] })
      const ended = yield* run("several-sinks", variables(simulator), [], cwd)
      assert.deepStrictEqual([ended.status, ended.stderr], [0, ""])
      assert.match(ended.stdout, /^Batch b: 6 jobs listed = 6 exported [^]+\nComplete\.\n$/)
      assert.match((yield* run("labelstream", {}, ["verify"], cwd)).stdout, /^6 jobs intact, 0 missing/)
    }))

  it.live("says in one line what is missing", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const { GT_STUDIO_BATCH_ID: _, ...env } = variables(yield* Simulator.start())
      const { status, stderr, stdout } = yield* run("several-sinks", env, [], cwd)
      assert.deepStrictEqual([status, stdout], [1, ""])
      assert.match(stderr, /^Option batches\[0\]\.batchId[^\n]*\n$/)
    }))
})

describe("custom-pipeline", () => {
  it.live("prints each chair of the batch, and stores nothing", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const simulator = yield* Simulator.start({ batches: [{ id: "b", jobs: 12 }] })
      const { status, stderr, stdout } = yield* run("custom-pipeline", variables(simulator), [], cwd)
      assert.deepStrictEqual([status, stderr], [0, ""])
      const rows = stdout.trim().split("\n").map((line) => JSON.parse(line) as { readonly label: string })
      assert.deepStrictEqual(Array.from(new Set(rows.map(({ label }) => label))), ["Chair"])
      assert.isFalse(existsSync(join(cwd, ".labelstream", "ledger.sqlite")))
    }))
})

describe("secrets", () => {
  it.live("are written nowhere by an export: not the key, no signed URL, neither to the terminal nor to a file", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const canary = "canary-key-5f2c"
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
      const ended = yield* run("labelstream", variables(simulator), ["export", "--to", "files:output"], cwd)
      assert.strictEqual(ended.status, 2, ended.stderr)
      const files = readdirSync(cwd, { recursive: true, withFileTypes: true })
        .flatMap((entry) => entry.isFile() ? [join(entry.parentPath, entry.name)] : [])
      assert.isAbove(files.length, 30)
      assert.isTrue(existsSync(join(cwd, "output", "b", `${PathName.fromId(job(0))}.json`)))
      for (const text of [ended.stdout, ended.stderr, ...files, ...files.map((file) => readFileSync(file, "latin1"))]) {
        assert.notInclude(text, canary)
        assert.notMatch(text, /X-Amz-Signature/i)
      }
    }))
})
