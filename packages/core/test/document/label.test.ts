import { assert, describe, it } from "@effect/vitest"
import { normalColor, segmentName } from "../../src/internal/document/rows/label.ts"

describe("label", () => {
  it.each([
    ["car # 4", "car", "4"],
    ["MINIVAN #1", "MINIVAN", "1"],
    ["traffic light #  12 ", "traffic light", "12"],
    ["a # b # 3", "a # b", "3"],
    ["C#1", "C#1", null],
    ["car # x", "car # x", null],
    ["# 4", "# 4", null],
    [" # 4", " # 4", null],
    ["car #", "car #", null],
    ["", "", null]
  ])("splits %j into class and instance", (name, label, instance) => {
    assert.deepStrictEqual(segmentName(name), { label, instance })
  })

  it.each([
    ["#03F561", "#03f561"],
    ["03f561", "#03f561"],
    ["#ABC", "#aabbcc"],
    ["rgb(244, 35, 242)", "#f423f2"],
    ["rgb(151,22,15)", "#97160f"],
    ["RGBA( 1 , 2 , 3 , 0.5 )", "#010203"],
    ["#fdffd34", "#fdffd34"],
    ["rgb(999, 1, 1)", "rgb(999, 1, 1)"],
    ["Red", "red"],
    ["", null],
    [7, null],
    [null, null]
  ])("reads the colour %j", (color, normal) => {
    assert.strictEqual(normalColor(color), normal)
  })
})
