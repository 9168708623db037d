import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Coco, DatasetOptions, type Loss, Masks, Yolo } from "../src/index.ts"
import type { Point, Shape } from "../src/Sample.ts"
import { shape } from "../src/testing/corpus.ts"

const upright: ReadonlyArray<Point> = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5], [0.1, 0.5]]
const turned: ReadonlyArray<Point> = [[0.2, 0.1], [0.4, 0.3], [0.2, 0.5], [0, 0.3]]

const shapes: ReadonlyArray<readonly [name: string, shape: Shape]> = [
  ["rectangle", shape("rectangle", "car", upright)],
  ["turned rectangle", shape("rectangle", "car", turned)],
  ["polygon", shape("polygon", "car", [...turned, [0.1, 0.2]])],
  ["line", shape("line", "car", turned)],
  ["landmark", shape("landmark", "car", upright, { pointLabels: [1, 2, 3, 4] })],
  ["2D cuboid", shape("cuboid", "car", upright)],
  ["mask, class", shape("segment", "road", [])],
  ["mask, instance", shape("segment", "car", [], { instance: "1" })],
  ["3D box", shape("box_3d", "car", [])],
  ["classification", shape("classification", "sunny", [])]
]

const tasks = ["detect", "segment", "obb", "pose"] as const

const columns: ReadonlyArray<readonly [name: string, carries: (of: Shape) => Loss.Carried]> = [
  ["coco", (of) => Coco.format.carries(of, {})],
  ...tasks.map((task) => [`yolo ${task}`, (of: Shape) => Yolo.format.carries(of, { task })] as const),
  ["masks", (of) => Masks.format.carries(of, {})]
]

const cell = ({ how, why }: Loss.Carried) => how === "kept" ? "whole" : how === "dropped" ? "dropped" : why

const page = readFileSync(join(import.meta.dirname, "../../../docs/formats/overview.md"), "utf8")
const rows = page.split("\n").filter((line) => line.startsWith("|"))
  .map((line) => line.split("|").slice(1, -1).map((text) => text.trim()))

describe("the page about datasets", () => {
  it("says what each format does with each shape", () => {
    const head = ["shape", ...columns.map(([name]) => `\`${name}\``)]
    const expected = [head, ...shapes.map(([name, of]) => [name, ...columns.map(([, carries]) => cell(carries(of)))])]
    const at = rows.findIndex((row) => row[0] === "shape")
    const found = rows.slice(at).filter((_, index) => index !== 1).slice(0, expected.length)
    const table = expected.map((row) => `| ${row.join(" | ")} |`).join("\n")
    assert.deepStrictEqual(found, expected, `the table must be\n${table}`)
  })

  it("describes every option that all formats have", () => {
    const described = new Set(rows.map(([name]) => name!.replaceAll("`", "")))
    for (const name of Object.keys(DatasetOptions.fields)) assert.isTrue(described.has(name), name)
  })
})
