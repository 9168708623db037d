import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { platform, run, temporaryFolder } from "../support/program.ts"

interface Report {
  readonly complete: boolean
  readonly batches: ReadonlyArray<Readonly<Record<"listed" | "exported" | "unchanged" | "failed", number>>>
  readonly unreachable: ReadonlyArray<{ readonly reason: string; readonly count: number }>
  readonly sinks: ReadonlyArray<{ readonly stored: number; readonly notice: string | null }>
}

const imagesIn = (folder: string): number =>
  !existsSync(folder)
    ? 0
    : readdirSync(folder, { recursive: true }).filter((name) => /\.(png|jpg|jpeg)$/.test(String(name))).length

describe("export --attachments all", () => {
  it.live("adds images once to datasets that were exported without them, and counts no job as changed", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const simulator = yield* Simulator.start({
        batches: [{ id: "b", jobs: 6, kinds: ["image_annotation"] }],
        images: { sizes: [[160, 120]], at: "storage" }
      })
      const to = ["--batch", "b", "--to", "files:out", "--to", "coco:coco", "--to", "yolo:yolo"]
      const labelstream = (args: ReadonlyArray<string>) => run([...args, ...to], { cwd, env: platform(simulator) })
      const report = Effect.fnUntraced(function*(args: ReadonlyArray<string>) {
        const { status, stderr, stdout } = yield* labelstream([...args, "--json"])
        assert.strictEqual(status, 0, stderr)
        return JSON.parse(stdout) as Report
      })
      const images = () => [imagesIn(join(cwd, "coco/images")), imagesIn(join(cwd, "yolo/images"))]

      const first = yield* report(["export"])
      assert.match(first.sinks[1]?.notice ?? "", /`labelstream export \.\.\. --attachments all`/)
      assert.deepStrictEqual(images(), [0, 0])

      const convert = run(["convert", "--from", "files:out", "--to", "coco:converted"], { cwd })
      assert.strictEqual((yield* convert).status, 0)

      const second = yield* labelstream(["export", "--attachments", "all"])
      assert.strictEqual(second.status, 0, second.stderr)
      assert.notMatch(second.stdout, /had changed|no images|Could not/)
      assert.deepStrictEqual(images(), [6, 6])

      assert.strictEqual((yield* convert).status, 0)
      assert.strictEqual(imagesIn(join(cwd, "converted/images")), 6)

      const third = yield* report(["export", "--attachments", "all"])
      assert.deepInclude(third.batches[0], { listed: 6, exported: 0, unchanged: 6, failed: 0 })
      assert.deepStrictEqual(third.sinks.map(({ stored }) => stored), [0, 0, 0])
      assert.strictEqual((yield* run(["verify"], { cwd })).status, 0)

      // A refresh without images leaves stored images in place.
      const refreshed = yield* report(["refresh"])
      assert.deepInclude(refreshed.batches[0], { exported: 0, unchanged: 6 })
      assert.deepStrictEqual(images(), [6, 6])
    }))

  it.live("counts images that cannot be fetched by reason, and fails no job", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const simulator = yield* Simulator.start({
        batches: [{ id: "b", jobs: 4, kinds: ["image_annotation"] }],
        images: { sizes: [[160, 120]], at: "storage" },
        faults: [{ on: "storage", meets: { _tag: "Missing" }, part: "input", share: 0.5 }]
      })
      const labelstream = (args: ReadonlyArray<string>) =>
        run([...args, "--batch", "b", "--to", "yolo:yolo", "--attachments", "all"], { cwd, env: platform(simulator) })
      const images = () => imagesIn(join(cwd, "yolo/images"))

      const first = yield* labelstream(["export"])
      assert.strictEqual(first.status, 0, first.stderr)
      const missing = 4 - images()
      assert.isTrue(missing > 0 && missing < 4, `${missing}`)
      const inputs = missing === 1 ? "1 input" : `${missing} inputs`
      assert.include(first.stdout, `Could not fetch ${inputs}: ${missing} HTTP 404\n`)

      yield* simulator.setFaults([])
      const again = yield* labelstream(["export", "--json"])
      assert.deepInclude((JSON.parse(again.stdout) as Report).batches[0], { exported: 0, unchanged: 4, failed: 0 })
      const refreshed = yield* labelstream(["refresh", "--json"])
      const { batches: [batch], complete, unreachable } = JSON.parse(refreshed.stdout) as Report
      assert.deepStrictEqual([complete, unreachable, images()], [true, [], 4])
      assert.deepInclude(batch, { exported: missing, unchanged: 4 - missing })
    }))
})
