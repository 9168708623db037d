import { assert, describe, it } from "@effect/vitest"
import { ImageHeader } from "@labelstream/core"
import { Effect } from "effect"
import { NodeImageHeader } from "../src/index.ts"
import { jpeg, png, webp } from "./support/images.ts"

const { sizeOf } = NodeImageHeader
const upright = { width: 600, height: 400 }
const turned = { width: 400, height: 600 }

describe("the size in the header of an image", () => {
  it("is read from PNG, JPEG, and WebP", () => {
    assert.deepStrictEqual(sizeOf(png(600, 400)), upright)
    assert.deepStrictEqual(sizeOf(jpeg(600, 400)), upright)
    assert.deepStrictEqual(sizeOf(jpeg(600, 400, { isProgressive: true })), upright)
    assert.deepStrictEqual(sizeOf(webp.extended(600, 400)), upright)
    assert.deepStrictEqual(sizeOf(webp.lossy(600, 400)), upright)
    assert.deepStrictEqual(sizeOf(webp.lossless(600, 400)), upright)
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("is the displayed one of a JPEG with orientation %d", (orientation) => {
    for (const isLittle of [true, false]) {
      const size = sizeOf(jpeg(600, 400, { orientation, isLittle }))
      assert.deepStrictEqual(size, orientation >= 5 ? turned : upright)
    }
  })

  it.each([0, 9, 65_535])("is not swapped by an invalid orientation: %d", (orientation) => {
    assert.deepStrictEqual(sizeOf(jpeg(600, 400, { orientation })), upright)
  })

  it("is unknown if the first bytes do not contain it", () => {
    const long = jpeg(600, 400, { comment: 120_000 })
    assert.deepStrictEqual(sizeOf(long), upright)
    const cases: ReadonlyArray<Uint8Array | string> = [
      "",
      "no image",
      "{\"error\": \"denied\"}",
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"20\"></svg>",
      long.subarray(0, ImageHeader.firstBytes),
      png(600, 400).subarray(0, 20),
      png(0, 400),
      png(0xffff_ffff, 1)
    ]
    for (const first of cases) {
      assert.isUndefined(sizeOf(typeof first === "string" ? new TextEncoder().encode(first) : first))
    }
  })

  it("is unknown, without an error, for every beginning of an image that is too short", () => {
    for (const image of [png(600, 400), jpeg(600, 400, { orientation: 6 }), webp.extended(600, 400)]) {
      for (let length = 0; length < image.length; length++) {
        const size = sizeOf(image.subarray(0, length))
        if (size !== undefined) assert.include([400, 600], size.width, `${length} bytes`)
      }
    }
  })

  it.effect("is read by every export that the layer is provided to", () =>
    Effect.gen(function*() {
      const reader = yield* ImageHeader.ImageHeader
      assert.deepStrictEqual(reader?.(png(600, 400)), upright)
    }).pipe(Effect.provide(NodeImageHeader.layer)))
})
