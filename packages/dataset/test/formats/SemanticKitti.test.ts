import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatasetSink, SemanticKitti } from "../../src/index.ts"
import { ordinary } from "../../src/testing/corpus.ts"
import { readClasses, readLabels, readPoints } from "../readers/readSemanticKitti.ts"
import { built } from "../support/built.ts"
import { platform } from "../support/platform.ts"
import { temporary } from "../support/targets.ts"

describe("SemanticKITTI", () => {
  it.effect("has class and instance of each point, and where it is", () =>
    Effect.gen(function*() {
      const cloud = ordinary.filter(({ points }) => points !== null)
      const { out } = yield* built(SemanticKitti.format, {}, cloud)
      const folder = "train/sequences/job-labels"
      assert.deepStrictEqual(readClasses(out.files), { 0: "unlabeled", 1: "car", 2: "road" })
      assert.deepStrictEqual(readLabels(out.files.get(`${folder}/labels/labels.jpg.label`)!), [[2, 0], [0, 0], [1, 7]])
      const points = readPoints(out.files.get(`${folder}/velodyne/labels.jpg.bin`)!)
      assert.deepStrictEqual(points, [1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0])
    }))

  it.live("comes out of a simulated batch with as many points of each class as the platform has labeled", () =>
    Effect.gen(function*() {
      const folder = yield* temporary
      const scenario = { batches: [{ id: "clouds", jobs: 3, kinds: ["point_cloud_segmentation_legacy"] as const }] }
      const { batchId, exported, simulator } = yield* platform(join(folder, "spool"), scenario)
      const directory = join(folder, "kitti")
      const report = yield* exported([DatasetSink.make(SemanticKitti.format, { directory })])
      assert.isTrue(report.complete, JSON.stringify(report.sinks))
      const root = join(directory, "train", "sequences")
      const jobs = readdirSync(root)
      assert.strictEqual(jobs.length, 3)
      for (const job of jobs) {
        const [labels] = readdirSync(join(root, job, "labels"))
        const counts = new Map<string, number>()
        for (const of of readLabels(readFileSync(join(root, job, "labels", labels!)))) {
          counts.set(of.join(), (counts.get(of.join()) ?? 0) + 1)
        }
        const [expected] = simulator.expectedAttachments(batchId, job)
        const ascending = (one: number, other: number) => one - other
        assert.deepStrictEqual([...counts.values()].sort(ascending), Object.values(expected!.counts).sort(ascending))
      }
    }))
})
