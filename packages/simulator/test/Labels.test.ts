import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { Simulator } from "../src/index.ts"
import { download, firstBatch } from "./support/client.ts"
import { pixel, readPng } from "./support/readPng.ts"

interface Triple {
  readonly x: number
  readonly y: number
  readonly z: number
}

describe("Labels", () => {
  it.live("gives masks pixels of their legend only, counted, and the size of their images", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({
        images: { sizes: [[320, 240], [120, 321]] },
        batches: [{ jobs: 12, kinds: ["image_segmentation", "video_segmentation"] }]
      })
      const batch = firstBatch(simulator)
      for (const { id, kind } of simulator.jobs(batch)) {
        const document = JSON.parse(Buffer.from(simulator.expectedDocument(batch, id)).toString())
        const legend: Readonly<Record<string, string>> = kind === "image_segmentation"
          ? document.legend
          : document.data.annotation_data.legend
        const inputs = simulator.expectedInputs(batch, id)
        for (const [frame, mask] of simulator.expectedAttachments(batch, id).entries()) {
          const pixels = readPng((yield* download(simulator, mask.url)).body)
          deepStrictEqual({ width: pixels.width, height: pixels.height }, mask.size)
          const counts: Record<string, number> = {}
          const image = inputs[frame] === undefined ? undefined : readPng(inputs[frame].bytes())
          for (let at = 0; at < pixels.width * pixels.height; at++) {
            const color = pixel(pixels, at, 0)
            if (color === "#00000000") continue
            strictEqual(color.slice(7), "ff")
            const name = legend[color.slice(0, 7)] ?? ""
            counts[name] = (counts[name] ?? 0) + 1
            if (image !== undefined && pixel(image, at, 0) !== color.slice(0, 7)) {
              assert.fail("the image shows another segment")
            }
          }
          deepStrictEqual(counts, mask.counts)
          deepStrictEqual(new Set(Object.keys(counts)), new Set(Object.values(legend)))
        }
      }
    }))

  it.live("gives label files one key of the document's annotations a point, or 0, counted", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({
        batches: [{ jobs: 8, kinds: ["point_cloud_segmentation", "point_cloud_segmentation_legacy"] }]
      })
      const batch = firstBatch(simulator)
      for (const { id, kind } of simulator.jobs(batch)) {
        const document = JSON.parse(Buffer.from(simulator.expectedDocument(batch, id)).toString())
        const entries: Array<{ label_key: number }> = document.legend ?? document.annotation_data.annotations
        const known = new Set(entries.map((one) => String(one.label_key)))
        for (const { bytes, counts } of simulator.expectedAttachments(batch, id)) {
          const file = Buffer.from(bytes)
          const keys = kind === "point_cloud_segmentation"
            ? Array.from({ length: file.length / 4 }, (_, i) => file.readUInt32LE(i * 4)).filter((key) => key !== 0)
            : file.toString().trimEnd().split("\n").slice(11).map((line) => Number(line.split(" ")[3]))
          const found: Record<string, number> = {}
          for (const key of keys) found[key] = (found[key] ?? 0) + 1
          deepStrictEqual(found, counts)
          assert.isTrue(Object.keys(counts).every((key) => known.has(key)))
        }
      }
    }))

  it.live("puts points of the lidar inside each 3D box of the frame", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 8, kinds: ["point_cloud_annotation"] }] })
      const batch = firstBatch(simulator)
      for (const { id } of simulator.jobs(batch)) {
        const { annotations } = JSON.parse(Buffer.from(simulator.expectedDocument(batch, id)).toString()).data
          .annotation_data as {
            annotations: Array<
              Record<"center" | "dimensions" | "rotation", Triple> & { frame_id: string }
            >
          }
        for (const { frameId, kind, url } of simulator.expectedInputs(batch, id)) {
          if (kind !== "point_cloud") continue
          const text = (yield* download(simulator, url)).body.toString()
          const points = text.trimEnd().split("\n").slice(11).map((line) => line.split(" ").map(Number))
          strictEqual(points.length, 64)
          for (const { center, dimensions, rotation } of annotations.filter((one) => one.frame_id === frameId)) {
            const within = points.filter(([x = 0, y = 0, z = 0]) => {
              const [dx, dy] = [x - center.x, y - center.y]
              const [along, across] = [
                dx * Math.cos(rotation.z) + dy * Math.sin(rotation.z),
                dy * Math.cos(rotation.z) - dx * Math.sin(rotation.z)
              ]
              return Math.abs(along) < dimensions.x / 2 && Math.abs(across) < dimensions.y / 2 &&
                Math.abs(z - center.z) < dimensions.z / 2
            })
            assert.isAtLeast(within.length, 16)
          }
        }
      }
    }))
})
