import { assert, describe, it } from "@effect/vitest"
import { AnnotationModel } from "@labelstream/core"
import { Table } from "@labelstream/core/sink"
import { boxes } from "../../../src/internal/draw/birdsEye.ts"
import { Colors } from "../../../src/internal/draw/colors.ts"
import { drawnFrames, framesOf, oneImage, sequence } from "../../../src/internal/draw/frames.ts"
import { boxOf, shapeOf } from "../../../src/internal/draw/geometry.ts"
import * as Pcd from "../../../src/internal/draw/pcd.ts"
import { headerOf, pictureOf } from "../../../src/internal/draw/picture.ts"
import { Budget, plane } from "../../../src/internal/draw/plane.ts"
import { jpeg, png, webp } from "../../support/images.ts"

const row = (more: Partial<AnnotationModel.AnnotationRow>): AnnotationModel.AnnotationRow => ({
  ...Table.nulls(AnnotationModel.tables.annotations),
  batch_id: "b",
  job_id: "j",
  annotation_index: 0,
  type: "rectangle",
  label: "Car",
  x_min: 0,
  y_min: 0,
  x_max: 1,
  y_max: 1,
  geometry: "[]",
  attributes: "{}",
  source_path: "",
  ...more
})

const size = { width: 100, height: 100 }
const colors = () => new Colors(new Map(), false)

const drawn = (rows: ReadonlyArray<AnnotationModel.AnnotationRow>) =>
  plane(rows.flatMap((one) => shapeOf(one) ?? []), size, colors(), new Budget()).text

const nothingBelow = () => ({ size: null })

const square = "[[0.1,0.2],[0.3,0.2],[0.3,0.4],[0.1,0.4]]"

describe("an image", () => {
  it("shows rectangles and polygons closed, lines open, landmarks as dots, at their place", () => {
    assert.include(drawn([row({ geometry: square })]), `<path class="fill" d="M10 20L30 20L30 40L10 40Z"/>`)
    assert.include(drawn([row({ type: "polygon", geometry: square })]), `d="M10 20L30 20L30 40L10 40Z"`)
    assert.include(drawn([row({ type: "line", geometry: "[[0,0],[0.5,1]]" })]), `<path d="M0 0L50 100"/>`)
    assert.include(drawn([row({ type: "landmark", geometry: "[[0.25,0.75]]" })]), `cx="25" cy="75"`)
  })

  it("shows the edges of a cuboid, or its enclosing box if it has none", () => {
    const points = { p1: { x: 0.1, y: 0.1 }, p2: { x: 0.2, y: 0.2 } }
    const edges = { e1: ["p1", "p2"], e2: ["p2", "missing"], e3: 7 }
    assert.include(drawn([row({ type: "cuboid", geometry: JSON.stringify({ points, edges }) })]), `d="M10 10L20 20"`)
    assert.include(drawn([row({ type: "cuboid", geometry: "{}", x_min: 0.5 })]), `d="M50 0L100 0L100 100L50 100Z"`)
  })

  it("names the points of landmarks, where their names are known", () => {
    const landmark = (point_labels: string | null) =>
      drawn([row({ type: "landmark", geometry: "[[0.2,0.2],[0.4,0.6]]", point_labels })])
    assert.match(landmark(`["eye","<mouth>"]`), /<text [^>]*>eye<\/text><text [^>]*>&lt;mouth&gt;<\/text>/)
    for (const odd of [null, "[]", "7", "{", `["eye"]`, "[1,null]"]) assert.notInclude(landmark(odd), "name")
  })

  it("says in words what it shows", () => {
    const tree = row({ label: "Tree", type: "line", geometry: square })
    const text = drawn([row({ geometry: square }), row({ geometry: square }), tree])
    assert.include(text, `aria-label="2 \u00d7 Car (rectangle), Tree (line)"`)
  })

  it("shows all of coordinates that are no fractions of an image", () => {
    assert.include(drawn([row({ geometry: "[[0,0],[200,0],[200,400],[0,400]]" })]), `d="M0 0L100 0L100 100L0 100Z"`)
  })

  it("is drawn from any numbers, without an invalid one", () => {
    const odd = ["[]", "null", "7", "[[1e308,-1e308],[0,0]]", "[[\"a\",0]]", "[[0,0],null]", "{", "[[0.1,0.1]]"]
    for (const type of ["rectangle", "polygon", "line", "landmark", "cuboid"] as const) {
      const text = drawn(odd.map((geometry) => row({ type, geometry })))
      assert.notMatch(text, /NaN|Infinity|undefined/)
    }
  })

  it("has room for some hundred annotations, and says how many it left out", () => {
    const budget = new Budget()
    const shapes = Array.from({ length: 1000 }, () => shapeOf(row({ geometry: square }))!)
    const { text } = plane(shapes, size, colors(), budget)
    assert.strictEqual(Array.from(text.matchAll(/<g /g)).length, 400)
    assert.strictEqual(budget.skipped, 600)
  })
})

describe("frames", () => {
  it("come as people order them, four at most of many, with when each object is seen", () => {
    const seen = [1, 2, 3, 9, 10, 11]
    const rows = seen.map((n) => row({ frame_id: `f${n}`, track_id: "t", geometry: square }))
    const frames = framesOf(rows.toReversed())
    assert.deepStrictEqual(frames.map(({ name }) => name), seen.map((n) => `f${n}`))
    const { text } = sequence(frames, nothingBelow, new Colors(new Map(), true), new Budget())
    assert.strictEqual(Array.from(text.matchAll(/Frame <bdi>/g)).length, 4)
    assert.include(text, "Of 6 frames, objects are seen: Car in 6")
    assert.include(text, "Paths of 1 objects")
  })

  it("come in the order of the job, whatever their names are", () => {
    const rows = ["b", "c", "a"].map((frame_id, frame_index) =>
      row({ frame_id, frame_index, media_index: frame_index, geometry: square })
    )
    assert.deepStrictEqual(framesOf(rows.toReversed()).map(({ name }) => name), ["b", "c", "a"])
  })

  it("are images: annotations of one lie on one, and each sensor has its own", () => {
    const sensors = ["front", "left", "rear"]
    const rows = [0, 1, 2].flatMap((frame_index) =>
      sensors.flatMap((sensor_id, at) => {
        const place = { frame_id: `f${frame_index}`, frame_index, media_index: frame_index * 3 + at, geometry: square }
        return [row({ ...place, sensor_id }), row(place)]
      })
    )
    const frames = framesOf(rows)
    assert.deepStrictEqual(frames.map(({ media }) => media), [0, 3, 6, 1, 4, 7, 2, 5, 8])
    assert.isTrue(frames.every(({ shapes }) => shapes.length === 2))
    assert.deepStrictEqual(drawnFrames(frames).map(({ sensor }) => sensor), sensors)
    const { text } = sequence(frames, nothingBelow, colors(), new Budget())
    assert.include(text, "3 frames of 3 sensors, of which 3 images are drawn")
  })

  it("show texts about the image without a box", () => {
    const attributes = JSON.stringify({ weather: ["rain", "fog"], dark: true })
    const [frame] = framesOf([row({ type: "classification", label: "street", x_min: null, attributes })])
    const { text } = oneImage(frame!, nothingBelow, colors(), new Budget())
    assert.include(text, "<b><bdi>street</bdi></b>")
    assert.include(text, "<bdi>weather</bdi>: <bdi>rain, fog</bdi>")
    assert.notInclude(text, "<path")
  })

  it("do not let the first take the room of the others", () => {
    const rows = ["a", "b"].flatMap((frame_id) =>
      Array.from({ length: 900 }, () => row({ frame_id, geometry: square }))
    )
    const { text } = sequence(framesOf(rows), nothingBelow, colors(), new Budget())
    assert.isTrue(text.split("<figure>").slice(1, 3).every((figure) => figure.includes("200 \u00d7 Car")))
  })
})

describe("a point cloud", () => {
  const box = (more: object) =>
    boxOf(row({ type: "box_3d", x_min: null, geometry: JSON.stringify({ center: { x: 1, y: 2, z: 0 }, ...more }) }))

  it("takes the several spellings of a 3D box", () => {
    const expected = { x: 1, y: 2, length: 4, width: 2 }
    assert.deepInclude(box({ dimensions: { x: 4, y: 2, z: 1 }, rotation: { x: 0, y: 0, z: 0.5 } }), {
      ...expected,
      yaw: 0.5
    })
    assert.deepInclude(box({ size: { length: 4, width: 2 }, yaw: 0.5 }), { ...expected, yaw: 0.5 })
    const half = Math.SQRT1_2
    assert.closeTo(box({ heading: { w: half, x: 0, y: 0, z: half } })?.yaw ?? 0, Math.PI / 2, 1e-9)
    assert.isUndefined(box({ center: null }))
    assert.isUndefined(box({ center: { x: "1", y: 2 } }))
  })

  it("is drawn from above, whatever its boxes are", () => {
    const odd = [box({}), box({ dimensions: { x: 0, y: 0 } }), box({ center: { x: 1e11, y: -1e11 } })]
    const { text } = boxes(odd.flatMap((one) => one ?? []), null, colors(), new Budget())
    assert.notMatch(text, /NaN|Infinity|undefined/)
    assert.include(text, "3D boxes from above: 3 \u00d7 Car")
  })

  const header = (data: string, points: number) =>
    `# .PCD v0.7\nVERSION 0.7\nFIELDS x y z label_key\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 1\nWIDTH ${points}\nHEIGHT 1\n` +
    `POINTS ${points}\nDATA ${data}\n`

  it("of labeled points is read as text and as binary, and nothing else", () => {
    const expected = { points: [{ x: 1, y: 2, key: 5 }, { x: 3, y: 4, key: 6 }], total: 2 }
    assert.deepStrictEqual(
      Pcd.read(Buffer.from(`${header("ascii", 2)}1 2 0 5\nnan nan 0 5\n3 4 0 6\n`))?.points,
      expected.points
    )
    const floats = Buffer.from(new Float32Array([1, 2, 0, 5, 3, 4, 0, 6]).buffer)
    assert.deepStrictEqual(Pcd.read(Buffer.concat([Buffer.from(header("binary", 2)), floats])), expected)
    for (
      const text of ["", "DATA ascii\n", header("binary_compressed", 2), header("ascii", 0), "\u0000".repeat(5000)]
    ) {
      assert.isUndefined(Pcd.read(Buffer.from(text)))
    }
  })

  it("of a million points is thinned", () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `${i} ${i} 0 1`).join("\n")
    const cloud = Pcd.read(Buffer.from(header("ascii", 10_000) + lines))
    assert.strictEqual(cloud?.total, 10_000)
    assert.isAtMost(cloud?.points.length ?? Infinity, 1500)
  })
})

describe("a stored image", () => {
  it("is shown if it is valid and has not too many pixels for a browser", () => {
    assert.deepInclude(pictureOf(png(40, 30)), { width: 40, height: 30 })
    assert.isUndefined(pictureOf(png(100_000, 100_000)))
    assert.isUndefined(pictureOf(png(0, 30)))
    assert.isUndefined(pictureOf(Buffer.from("<svg onload=alert(1)>".repeat(9))))
    assert.isUndefined(pictureOf(new Uint8Array(0)))
  })

  it("is as large as a browser shows it: rotated by its EXIF orientation", () => {
    for (const [orientation, width, height] of [[1, 40, 30], [3, 40, 30], [6, 30, 40], [8, 30, 40]] as const) {
      for (const isLittle of [true, false]) {
        assert.deepInclude(headerOf(jpeg(40, 30, orientation, isLittle)), { width, height, mediaType: "image/jpeg" })
      }
    }
    assert.deepInclude(headerOf(jpeg(40, 30)), { width: 40, height: 30 })
    assert.deepInclude(headerOf(webp(300, 200)), { width: 300, height: 200, mediaType: "image/webp" })
  })

  it("is undefined at once if it is truncated or damaged", () => {
    for (const whole of [png(40, 30), jpeg(40, 30, 6), webp(40, 30)]) {
      for (let at = 0; at < whole.length; at++) {
        const damaged = Uint8Array.from(whole)
        damaged[at] = 0xff
        for (const bytes of [whole.subarray(0, at), damaged]) {
          const { height = 1, width = 1 } = headerOf(bytes) ?? {}
          assert.isTrue(width > 0 && height > 0)
        }
      }
    }
    assert.isUndefined(headerOf(new Uint8Array(1_000_000).fill(0xff)))
    assert.isUndefined(headerOf(Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe1]), new Uint8Array(1_000_000)])))
  })
})

describe("colors", () => {
  it("are the same for a label in every job, unless two labels of one would share it", () => {
    const rankOf = new Map([["Car", 1], ["Tree", 11], ["Sign", 4]])
    const of = (labels: ReadonlyArray<string>) => {
      const colors = new Colors(rankOf, false)
      return labels.map((label) => colors.of(row({ label })))
    }
    assert.deepStrictEqual(of(["Sign", "Car"]), ["c4", "c1"])
    assert.deepStrictEqual(of(["Tree", "Car", "Car"]), ["c1", "c2", "c2"])
    assert.strictEqual(of(Array.from({ length: 30 }, (_, i) => `other ${i}`)).length, 30)
  })
})
