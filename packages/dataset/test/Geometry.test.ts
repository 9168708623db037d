import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Geometry } from "../src/index.ts"
import type { Point } from "../src/Sample.ts"

const unit = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
const point = Schema.Tuple([unit, unit])
const points = Schema.Array(point).check(Schema.isMinLength(1), Schema.isMaxLength(12))
const size = { width: 640, height: 480 }

const turned = (degrees: number): ReadonlyArray<Point> =>
  [[-0.2, -0.1], [0.2, -0.1], [0.2, 0.1], [-0.2, 0.1]].map(([x, y]) => {
    const [sin, cos] = [Math.sin(degrees / 180 * Math.PI), Math.cos(degrees / 180 * Math.PI)]
    return [0.5 + x! * cos - y! * sin, 0.5 + x! * sin + y! * cos]
  })

describe("a number", () => {
  it.prop("prints with at most 4 decimals, without exponent and -0", [unit, Schema.Literals([1, 640, 1921, 100_000])], (
    [value, size]
  ) => {
    assert.match(String(Geometry.pixels(value, size)), /^\d+(\.\d{1,4})?$/)
    assert.match(String(Geometry.round(value, 6)), /^[01](\.\d{1,6})?$/)
    assert.closeTo(Geometry.pixels(value, size), value * size, 0.00005001)
  }, { arbitrary: { runs: 300 } })

  it("is never -0", () => {
    assert.isTrue(Object.is(Geometry.round(-0.000001, 4), 0))
    assert.isTrue(Object.is(Geometry.pixels(-0, 640), 0))
    assert.strictEqual(String(Geometry.round(0.0000012, 6)), "0.000001")
  })
})

describe("a rectangle", () => {
  it("is upright if its points are the corners of its extent, in any order around it", () => {
    const upright: ReadonlyArray<Point> = [[0.1, 0.2], [0.5, 0.2], [0.5, 0.9], [0.1, 0.9]]
    assert.isTrue(Geometry.isAxisAligned(upright))
    assert.isTrue(Geometry.isAxisAligned([...upright].reverse()))
    assert.isTrue(Geometry.isAxisAligned(upright.slice(0, 2)))
    assert.isFalse(Geometry.isAxisAligned([upright[0]!, upright[2]!, upright[1]!, upright[3]!]))
    assert.isFalse(Geometry.isAxisAligned([upright[0]!, upright[0]!, upright[2]!, upright[2]!]))
    assert.isFalse(Geometry.isAxisAligned(turned(1)))
    assert.isTrue(Geometry.isAxisAligned(turned(90)))
  })
})

describe("the smallest rectangle", () => {
  const pixels = (of: ReadonlyArray<Point>) => of.map(([x, y]): Point => [x * size.width, y * size.height])

  const assertAround = (some: ReadonlyArray<Point>) => {
    const found = pixels(Geometry.smallestRectangle(some, size))
    assert.strictEqual(found.length, 4)
    const [a, b, c, d] = found as [Point, Point, Point, Point]
    assert.closeTo((b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]), 0, 1e-4)
    assert.closeTo(Math.hypot(b[0] - a[0], b[1] - a[1]), Math.hypot(d[0] - c[0], d[1] - c[1]), 1e-6)
    const extent = Geometry.area(Geometry.corners(Geometry.extent(pixels(some))))
    assert.isAtMost(Geometry.area(found), extent + 1e-6)
    const [u, v] = [[b[0] - a[0], b[1] - a[1]], [d[0] - a[0], d[1] - a[1]]] as const
    for (const [x, y] of pixels(some)) {
      for (const [dx, dy] of [u, v]) {
        const length = Math.hypot(dx, dy)
        // A side without length has no direction.
        if (length < 1e-6) continue
        const along = ((x - a[0]) * dx + (y - a[1]) * dy) / length
        assert.isTrue(along >= -1e-6 && along <= length + 1e-6, `${x},${y}`)
      }
    }
  }

  it.prop("is a rectangle in pixels, holds all points, and is no larger than their extent", [points], ([some]) => {
    assertAround(some)
  }, { arbitrary: { runs: 300 } })

  it("holds points whose differences are lost when multiplied", () => {
    assertAround([[5.4e-323, 9.4e-323], [3e-323, 6.3e-9], [5e-324, 4.4e-323], [2.5e-323, 5.1e-8], [6e-323, 8.9e-9]])
    assertAround([[8.4e-323, 0.5], [2.5e-323, 0.87], [0.5, 3.5e-323], [8.4e-323, 0.50000004], [0.50000000005, 0.5]])
  })

  it("has no side of less than a millionth of the image, unless it is upright", () => {
    const found = pixels(Geometry.smallestRectangle([[0, 1], [1, 0], [1e-7, 1], [1, 1e-7]], size))
    const [a, b, c] = found as [Point, Point, Point, Point]
    const sides = [Math.hypot(b[0] - a[0], b[1] - a[1]), Math.hypot(c[0] - b[0], c[1] - b[1])]
    assert.closeTo(Math.min(...sides), 0, 1e-12)
    assert.closeTo(Math.max(...sides), 800, 1e-6)
  })

  it("is the turned rectangle itself", () => {
    const found = Geometry.smallestRectangle(turned(30), { width: 100, height: 100 })
    assert.closeTo(Geometry.area(found), 0.08, 1e-9)
  })
})

describe("clamping", () => {
  it("moves points into the image, and counts what is more than half a pixel", () => {
    assert.deepStrictEqual(Geometry.clamp([[0.5, -0.0005]], size), { points: [[0.5, 0]], isFar: false })
    assert.deepStrictEqual(Geometry.clamp([[1.001, 0.5]], size), { points: [[1, 0.5]], isFar: true })
    assert.deepStrictEqual(Geometry.clamp([[1.001, 0.5]], { width: null, height: null }).isFar, true)
  })

  it("leaves what is inside as it is", () => {
    const inside: ReadonlyArray<Point> = [[0, 1]]
    assert.strictEqual(Geometry.clamp(inside, size).points, inside)
  })
})

describe("an area", () => {
  it("is that of the polygon, whichever way around", () => {
    assert.strictEqual(Geometry.area([[0, 0], [4, 0], [0, 3]]), 6)
    assert.strictEqual(Geometry.area([[0, 3], [4, 0], [0, 0]]), 6)
    assert.strictEqual(Geometry.area([]), 0)
  })
})
