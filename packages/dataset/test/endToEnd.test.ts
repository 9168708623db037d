import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { Coco, DatasetSink, Masks, Rle, Yolo, YoloNdjson } from "../src/index.ts"
import { readGray } from "./readers/files/readPng.ts"
import { platform } from "./support/platform.ts"
import { temporary } from "./support/targets.ts"

interface CocoFile {
  readonly images: ReadonlyArray<
    {
      readonly id: number
      readonly file_name: string
      readonly width: number
      readonly height: number
      readonly job_id: string
      readonly frame_id?: string
    }
  >
  readonly annotations: ReadonlyArray<{
    readonly image_id: number
    readonly category_id: number
    readonly bbox: readonly [number, number, number, number]
    readonly area: number
    readonly segmentation:
      | { readonly size: readonly [number, number]; readonly counts: string }
      | ReadonlyArray<unknown>
    readonly attributes: { readonly instance?: string }
  }>
  readonly categories: ReadonlyArray<{ readonly id: number; readonly name: string }>
}

const kinds = ["image_annotation", "image_segmentation", "video_annotation", "video_segmentation"] as const
const scenario = {
  batches: [{ id: "street", jobs: 12, kinds }],
  images: { sizes: [[160, 120], [90, 120]] as const }
}

describe("a simulated batch", () => {
  it.live("comes out with boxes, masks and images where the simulator has drawn them", () =>
    Effect.gen(function*() {
      const folder = yield* temporary
      const at = (name: string) => join(folder, name)
      const { batchId, exported, inputsOf, simulator } = yield* platform(at("spool"), scenario)
      const report = yield* exported([
        DatasetSink.make(Coco.format, { directory: at("coco") }),
        DatasetSink.make(Yolo.format, { directory: at("yolo"), split: { train: 0.5, val: 0.5 } }),
        DatasetSink.make(YoloNdjson.format, { directory: at("ndjson") }),
        DatasetSink.make(Masks.format, { directory: at("masks") })
      ])
      assert.isTrue(report.complete, JSON.stringify(report.sinks))

      const coco = JSON.parse(readFileSync(at("coco/annotations/instances_train.json"), "utf8")) as CocoFile
      let [boxes, masks] = [0, 0]
      for (const image of coco.images) {
        const found = coco.annotations.filter(({ image_id }) => image_id === image.id)
        const input = inputsOf(image.job_id).find(({ frameId }) => (frameId ?? null) === (image.frame_id ?? null))
        const mask = simulator.expectedAttachments(batchId, image.job_id).find(({ url }) =>
          image.frame_id === undefined || url.endsWith(`/${image.frame_id}.png`)
        )
        if (mask !== undefined) {
          assert.deepStrictEqual({ width: image.width, height: image.height }, mask.size)
          const pixels = new Map(Object.entries(mask.counts))
          for (const { area, attributes: { instance }, category_id, segmentation } of found) {
            const name = coco.categories.find(({ id }) => id === category_id)!.name
            const key = instance === undefined ? name : `${name} # ${instance}`
            const { counts, size } = segmentation as { size: readonly [number, number]; counts: string }
            assert.deepStrictEqual(size, [image.height, image.width])
            assert.strictEqual(Rle.area(Rle.fromText(counts)), pixels.get(key), key)
            assert.strictEqual(area, pixels.get(key))
            masks++
          }
          // The legend of a video only colors the segments that the result lists: one in each frame.
          assert.strictEqual(found.length, image.frame_id === undefined ? pixels.size : 1)
          continue
        }
        // Only a segmentation of an image names no input.
        assert(input !== undefined)
        const { height, shapes, width } = { ...input, ...input.size! }
        assert.deepStrictEqual([image.width, image.height], [width, height])
        assert.deepStrictEqual(readFileSync(at(`coco/images/train/${image.file_name}`)), Buffer.from(input.bytes()))
        const drawn = shapes.filter(({ type }) => type === "rectangle" || type === "polygon" || type === "cuboid")
        assert.strictEqual(found.length, drawn.length)
        const extents = drawn.map(({ points }) => {
          const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
          const [x, y] = [Math.min(...xs), Math.min(...ys)]
          return [x, y, Math.max(...xs) - x, Math.max(...ys) - y]
        })
        for (const { bbox } of found) {
          const nearest = Math.min(
            ...extents.map((extent) => Math.max(...extent.map((value, i) => Math.abs(value - bbox[i]!))))
          )
          assert.isBelow(nearest, 0.001)
          boxes++
        }
      }
      assert.isAbove(Math.min(boxes, masks), 0)

      const rows = readFileSync(at("yolo/samples.csv"), "utf8").split("\n").slice(1, -1).map((line) => line.split(","))
      for (const [name, file, split, , job] of rows) {
        const label = readFileSync(at(`yolo/labels/${split}/${name}.txt`), "utf8")
        for (const line of label.split("\n").slice(0, -1)) {
          const [, ...numbers] = line.split(" ").map(Number)
          assert.isTrue(numbers.length === 4 && numbers.every((value) => value >= 0 && value <= 1), line)
        }
        const inputs = inputsOf(job!)
        assert.strictEqual(existsSync(at(`yolo/images/${split}/${file}`)), inputs.length > 0)
      }
      assert.strictEqual(new Set(rows.map(([name]) => name!.toLowerCase())).size, rows.length)

      const classes = JSON.parse(readFileSync(at("masks/classes.json"), "utf8")) as ReadonlyArray<string>
      const mask = coco.images.find(({ job_id }) => inputsOf(job_id).length === 0)!
      const png = readGray(readFileSync(at(`masks/masks/train/${mask.file_name.replace(/\.\w+$/, "")}.png`)))
      const [{ counts }] = simulator.expectedAttachments(batchId, mask.job_id) as unknown as readonly [
        { readonly counts: Record<string, number> }
      ]
      for (const [index, name] of classes.entries()) {
        const expected = Object.entries(counts).filter(([key]) => key.replace(/ # ?\d+$/, "") === name)
        const pixels = png.values.reduce((sum: number, value: number) => value === index + 1 ? sum + 1 : sum, 0)
        assert.strictEqual(pixels, expected.reduce((sum, [, count]) => sum + count, 0), name)
      }
      // Published images are the stored ones: no second copy on the disk.
      const [, file, split] = rows.find(([, file, split]) => existsSync(at(`yolo/images/${split}/${file}`)))!
      assert.strictEqual(statSync(at(`yolo/images/${split}/${file}`)).nlink, 2)
    }))
})
