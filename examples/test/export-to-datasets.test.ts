import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { run, temporaryFolder } from "./support/program.ts"

describe("the examples of datasets", () => {
  it.live("write a dataset with images and say what to do next", () =>
    Effect.gen(function*() {
      const output = yield* temporaryFolder
      const { apiKey, apiUrl, batches, projectId } = yield* Simulator.start({ batches: [{ id: "few", jobs: 6 }] })
      const settings = {
        GT_STUDIO_API_KEY: apiKey,
        GT_STUDIO_BASE_URL: apiUrl,
        GT_STUDIO_PROJECT_ID: projectId,
        GT_STUDIO_BATCH_ID: batches[0]!.id,
        LABELSTREAM_OUTPUT: output
      }
      const yolo = yield* run("export-to-yolo", settings)
      assert.strictEqual(yolo.status, 0, yolo.stderr)
      const data = join(output, "yolo", "data.yaml")
      assert.include(yolo.stdout, `data=${data}`)
      assert.match(readFileSync(data, "utf8"), /^train: images\/train\n/)
      const images = ["train", "val"].map((split) => join(output, "yolo", "images", split)).filter(existsSync)
      assert.strictEqual(images.flatMap((folder) => readdirSync(folder)).length, 6)
      const coco = yield* run("export-to-coco", settings)
      assert.strictEqual(coco.status, 0, coco.stderr)
      assert.include(coco.stdout, "instances_train.json")
      assert.isTrue(existsSync(join(output, "coco", "annotations", "instances_train.json")))
    }))
})
