import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Cvat } from "../../src/index.ts"
import { image, shape } from "../../src/testing/corpus.ts"
import { all, lint } from "../readers/files/readXml.ts"
import { readDocument, readMask } from "../readers/readCvat.ts"
import { box, built, diamond } from "../support/built.ts"
import { maskOf } from "../support/maskOf.ts"

const frame = (index: number, shapes: ReadonlyArray<ReturnType<typeof shape>>) =>
  image(`v-${index}`, {
    job: { batchId: "b", jobId: "video", referenceId: "video" },
    frame: { id: `f${index}`, index },
    shapes
  })

const car = (x: number) =>
  shape("rectangle", "car", box(x, 0.25, x + 0.25, 0.5), { track: "t", attributes: "{\"n\":1}" })

describe("CVAT XML", () => {
  it.effect("has images with their shapes, in pixels", () =>
    Effect.gen(function*() {
      const attributes = "{\"id\":12345678901234567890,\"parts\":[\"a\",\"b\"],\"ok\":true}"
      const shapes = [
        shape("rectangle", "a", box(0.25, 0.25, 0.5, 0.75), { attributes }),
        shape("polygon", "a", [[0, 0], [0.5, 0], [0, 0.5]]),
        shape("line", "b", [[0, 0], [1, 1]], { track: "7" }),
        shape("landmark", "<c>", [[0.5, 0.5]]),
        shape("classification", "night", [])
      ]
      const { out } = yield* built(Cvat.format, {}, [image("a", { shapes }), image("b")])
      const { images, labels, root } = readDocument(out.files, "train.xml")
      assert.isTrue(lint(out.files.get("train.xml")!) ?? true)
      assert.deepStrictEqual(labels, ["<c>", "a", "b", "night"])
      assert.deepStrictEqual(images[0]!.at, { id: "0", name: "train/a.jpg", width: "80", height: "40" })
      assert.deepStrictEqual(images.map(({ children }) => children.map(({ name }) => name)), [
        ["box", "polygon", "polyline", "points", "tag"],
        []
      ])
      const [rectangle, polygon, line] = images[0]!.children
      const { xbr, xtl, ybr, ytl } = rectangle!.at
      assert.deepStrictEqual([xtl, ytl, xbr, ybr], ["20", "10", "40", "30"])
      assert.deepStrictEqual(all(rectangle!, "attribute").map(({ at, text }) => [at["name"], text]), [
        ["id", "12345678901234567890"],
        ["parts", "a, b"],
        ["ok", "true"]
      ])
      assert.strictEqual(polygon!.at["points"], "0,0;40,0;0,20")
      assert.deepStrictEqual(all(line!, "attribute").map(({ at, text }) => [at["name"], text]), [["track_id", "7"]])
      assert.strictEqual(root.name, "annotations")
    }))

  it.effect("turns a rectangle that is one in pixels, and writes others as polygons", () =>
    Effect.gen(function*() {
      const shapes = [
        shape("rectangle", "a", diamond),
        shape("rectangle", "a", [diamond[0]!, diamond[3]!, diamond[2]!, diamond[1]!]),
        shape("rectangle", "a", [[0.5, 0.3], [0.9, 0.5], [0.5, 0.7], [0.1, 0.5]])
      ]
      const { out, summary } = yield* built(Cvat.format, {}, [image("a", { shapes })])
      const [turned, mirrored, slanted] = readDocument(out.files, "train.xml").images[0]!.children
      for (const { at } of [turned!, mirrored!]) {
        const [x0, y0, x1, y1, degrees] = ["xtl", "ytl", "xbr", "ybr", "rotation"].map((name) => Number(at[name]))
        const [x, y] = [(x0! + x1!) / 2, (y0! + y1!) / 2]
        const radians = degrees! * Math.PI / 180
        const corners = [[x0!, y0!], [x1!, y0!], [x1!, y1!], [x0!, y1!]].map(([px, py]) =>
          [
            Math.round(x + (px! - x) * Math.cos(radians) - (py! - y) * Math.sin(radians)),
            Math.round(y + (px! - x) * Math.sin(radians) + (py! - y) * Math.cos(radians))
          ].join()
        )
        assert.deepStrictEqual(corners.sort(), ["32,20", "40,12", "40,28", "48,20"])
      }
      assert.strictEqual(slanted!.name, "polygon")
      assert.isTrue(summary.losses.every(({ why }) => why === null))
    }))

  it.effect("has a track for each object of a video, which is outside where it is not", () =>
    Effect.gen(function*() {
      const polygon = shape("polygon", "car", diamond, { track: "t" })
      const inputs = [
        frame(0, []),
        frame(1, [car(0)]),
        frame(2, [car(0.1)]),
        frame(3, []),
        frame(4, []),
        frame(5, [
          car(0.2),
          polygon,
          shape("rectangle", "bus", box(0, 0, 1, 1))
        ])
      ]
      const { out } = yield* built(Cvat.format, {}, inputs)
      const { images, tracks } = readDocument(out.files, "train-videos/video.xml")
      assert.isTrue(lint(out.files.get("train-videos/video.xml")!) ?? true)
      assert.deepStrictEqual(images, [])
      assert.deepStrictEqual(readDocument(out.files, "train.xml").images, [])
      const states = tracks.map(({ at, children }) => [
        at["label"],
        ...children.map((child) => `${child.name} ${child.at["frame"]} ${child.at["outside"]}`)
      ])
      assert.deepStrictEqual(states, [
        ["car", "box 1 0", "box 2 0", "box 3 1", "box 5 0"],
        ["car", "polygon 5 0"],
        ["bus", "box 5 0"]
      ])
      assert.deepStrictEqual(tracks[0]!.children.map(({ at }) => at["xtl"]), ["0", "8", "8", "16"])
    }))

  it.effect("sorts tracks of any number in files", () =>
    Effect.gen(function*() {
      const count = 300
      const some = Array.from({ length: 40 }, (_, track) => `t${track}`)
      const inputs = Array.from({ length: count }, (_, index) =>
        frame(index, some.map((track) => ({ ...car(0), track }))))
      const { out } = yield* built(Cvat.format, {}, inputs)
      const { tracks } = readDocument(out.files, "train-videos/video.xml")
      assert.strictEqual(tracks.length, 40)
      for (const { children } of tracks) {
        assert.deepStrictEqual(
          children.map(({ at }) =>
            Number(at["frame"])
          ),
          Array.from({ length: count }, (_, at) => at)
        )
      }
    }))

  it.effect("has masks as runs in the box of each segment", () =>
    Effect.gen(function*() {
      const mask = maskOf(4, 3, [shape("segment", "road", []), shape("segment", "car", [], { instance: "2" })], [
        0,
        1,
        0,
        2,
        0,
        0,
        1,
        2,
        0,
        1,
        1,
        0
      ])
      const { out } = yield* built(Cvat.format, {}, [image("a", { mask, width: 4, height: 3 })])
      const [road, vehicle] = readDocument(out.files, "train.xml").images[0]!.children
      assert.deepStrictEqual(readMask(road!), [1, 0, 0, 1, 1, 1])
      assert.deepStrictEqual(readMask(vehicle!), [1, 1])
      const { height, left, top, width } = vehicle!.at
      assert.deepStrictEqual([left, top, width, height], ["3", "0", "1", "2"])
    }))
})
