import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { decode } from "jpeg-js"
import { Scenario, Simulator } from "../src/index.ts"
import { download, firstBatch } from "./support/client.ts"
import { readJpegHeader, turned } from "./support/readJpeg.ts"
import { pixel, type Pixels, readPng } from "./support/readPng.ts"

const imageKinds = ["image_annotation", "video_annotation", "point_cloud_linking", "custom"] as const
const sizes = [[320, 240], [333, 250], [120, 321]] as const

/** Pixels as a viewer shows them. */
const shown = ({ contentType }: Scenario.Input, bytes: Buffer): Pixels => {
  if (contentType === "image/png") return readPng(bytes)
  const { height, orientation, width } = readJpegHeader(bytes)
  const { data } = decode(bytes, { useTArray: true })
  return turned({ width, height, channels: 4, data }, orientation ?? 1)
}

const isNear = (one: string, other: string): boolean => {
  const channels = (text: string) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16))
  const [a, b] = [channels(one), channels(other)]
  return a.every((value, i) => Math.abs(value - (b[i] ?? 0)) <= 4)
}

/** Whether a point is inside a polygon or on its edge. */
const covers = (points: ReadonlyArray<Scenario.Point>, x: number, y: number): boolean => {
  let winding = 0
  for (const [i, [x0, y0]] of points.entries()) {
    const [x1, y1] = points[(i + 1) % points.length] ?? [0, 0]
    if (y0 <= y !== y1 <= y && x0 + (y - y0) / (y1 - y0) * (x1 - x0) < x) winding += y1 > y0 ? 1 : -1
  }
  return winding !== 0
}

/** The color on top at a point; undefined next to all shapes. */
const topColor = (shapes: Scenario.Input["shapes"], x: number, y: number): string | undefined =>
  shapes.findLast(({ faces }) => faces.some((face) => covers(face, x, y)))?.color

describe("Media", () => {
  it.live("shows each annotation's shape at its place, in its color, as displayed: PNG and JPEG, turned or not", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ images: { sizes }, batches: [{ jobs: 48, kinds: imageKinds }] })
      const batch = firstBatch(simulator)
      const seen = new Set<string>()
      for (const { id } of simulator.jobs(batch)) {
        for (const input of simulator.expectedInputs(batch, id)) {
          if (input.size === undefined) continue
          const file = yield* download(simulator, input.url)
          deepStrictEqual([file.status, file.headers["content-type"]], [200, input.contentType])
          deepStrictEqual(file.body, Buffer.from(input.bytes()))
          const pixels = shown(input, file.body)
          deepStrictEqual({ width: pixels.width, height: pixels.height }, input.size)
          for (let n = 0; n < 400; n++) {
            const [x, y] = [(n * 7919) % pixels.width, (n * 104_729) % pixels.height]
            const expected = topColor(input.shapes, x + 0.5, y + 0.5)
            const found = pixel(pixels, x, y)
            const isGround = [1, 3, 5].every((at) => Number.parseInt(found.slice(at, at + 2), 16) < 110)
            assert.isTrue(
              expected === undefined ? isGround : isNear(found, expected),
              `${input.url} ${x} ${y} ${found}`
            )
            if (expected !== undefined) seen.add(`${input.contentType} ${input.orientation}`)
          }
        }
      }
      deepStrictEqual([...seen].toSorted(), [
        "image/jpeg 1",
        "image/jpeg 6",
        "image/jpeg 8",
        "image/jpeg undefined",
        "image/png undefined"
      ])
    }))

  it.live("draws the rectangles of documents, as seen from the document and the picture alone", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ images: { sizes: [[800, 600]] }, batches: [{ jobs: 120 }] })
      const batch = firstBatch(simulator)
      let rectangles = 0
      for (const { id } of simulator.jobs(batch)) {
        const { data: document } = JSON.parse(Buffer.from(simulator.expectedDocument(batch, id)).toString()) as {
          data: {
            annotations: { rectangles: Array<{ coordinates: Array<{ x: number; y: number }> }> }
            image_url: string
          }
        }
        const others = Object.values(document.annotations).reduce((n, list) => n + list.length, 0)
        if (!document.image_url.endsWith(".png") || others !== document.annotations.rectangles.length) continue
        const pixels = readPng((yield* download(simulator, document.image_url)).body)
        const ground = new Set([pixel(pixels, 0, 599), pixel(pixels, 0, 0)])
        for (const { coordinates: [from, , to] } of document.annotations.rectangles) {
          const [x0, y0] = [Math.round((from?.x ?? 0) * 800), Math.round((from?.y ?? 0) * 600)]
          const [x1, y1] = [Math.round((to?.x ?? 0) * 800), Math.round((to?.y ?? 0) * 600)]
          const corners = [[x0, y0], [x1 - 1, y0], [x0, y1 - 1], [x1 - 1, y1 - 1]] as const
          for (const [x, y] of corners) assert.isFalse(ground.has(pixel(pixels, x, y)))
          rectangles++
        }
      }
      assert.isAbove(rectangles, 5)
    }))

  it.live("gives every job one of the sizes asked for, to all its images and through rework", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({
        images: { sizes },
        batches: [{ jobs: 60, kinds: ["video_annotation", "video_segmentation", "point_cloud_annotation"] }]
      })
      const batch = firstBatch(simulator)
      const sizeOf = (index: number): string => {
        const files = [...simulator.expectedInputs(batch, index), ...simulator.expectedAttachments(batch, index)]
        const found = new Set(files.flatMap(({ size }) => size === undefined ? [] : [`${size.width}x${size.height}`]))
        strictEqual(found.size, 1)
        return [...found].join()
      }
      const before = Array.from({ length: 60 }, (_, index) => sizeOf(index))
      deepStrictEqual(new Set(before), new Set(sizes.map(([width, height]) => `${width}x${height}`)))
      for (const { id } of simulator.jobs(batch)) yield* simulator.rework(id)
      deepStrictEqual(Array.from({ length: 60 }, (_, index) => sizeOf(index)), before)
    }))

  it.live("lists frames in order and sensors with their poses, and serves only named inputs", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 8, kinds: ["point_cloud_annotation"] }] })
      const batch = firstBatch(simulator)
      for (const { frames, id } of simulator.jobs(batch)) {
        const inputs = simulator.expectedInputs(batch, id)
        deepStrictEqual(
          inputs.map(({ frameId, frameIndex, kind, sensorId }) => [frameId, frameIndex, sensorId, kind]),
          Array.from({ length: frames }, (_, i) => `frame00${i + 1}`).flatMap((frame, i) => [
            [frame, i, "lidar", "point_cloud"],
            [frame, i, "cam-1", "image"]
          ])
        )
        const beyond = inputs[0]?.url.replace("frame001", `frame00${frames + 1}`) ?? ""
        strictEqual((yield* download(simulator, beyond)).status, 404)
      }
    }))

  it("gives the same files for the same seed", async () => {
    const bytes = async (seed: number) => {
      const simulator = await Simulator.startPromise({
        seed,
        images: { sizes: [[200, 100]] },
        batches: [{ jobs: 20, kinds: Scenario.allKinds }]
      })
      const batch = firstBatch(simulator)
      const files = [...simulator.jobs(batch)].flatMap(({ id }) => [
        ...simulator.expectedInputs(batch, id).map((input) => Buffer.from(input.bytes()).toString("base64")),
        ...simulator.expectedAttachments(batch, id).map((one) => Buffer.from(one.bytes).toString("base64"))
      ])
      await simulator.close()
      return files
    }
    deepStrictEqual(await bytes(5), await bytes(5))
    assert.notDeepEqual(await bytes(5), await bytes(6))
  })

  it("refuses sizes that no image has", async () => {
    for (const wrong of [[], [[0, 10]], [[10, 20_000]], [[1.5, 2]]] as ReadonlyArray<ReadonlyArray<[number, number]>>) {
      const error = await Simulator.startPromise({ images: { sizes: wrong } }).then(() => undefined, (e: unknown) => e)
      assert.instanceOf(error, Simulator.SimulatorError)
    }
  })
})
