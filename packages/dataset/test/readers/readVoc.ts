/** Reads Pascal VOC by its lists of images. */
import type { FormatKit } from "../../src/testing/index.ts"
import { readPalette } from "./files/readPng.ts"
import { all, type Node, only, readXml } from "./files/readXml.ts"
import { type Files, textOf } from "./readYolo.ts"

export const readLabelMap = (files: Files): ReadonlyArray<readonly [name: string, color: string]> =>
  textOf(files, "labelmap.txt").trimEnd().split("\n").map((line) => {
    const [, name, color] = /^(.*):(\d+,\d+,\d+)::$/.exec(line)!
    return [name!, color!]
  })

export const readAnnotation = (files: Files, name: string): Node => readXml(files.get(`Annotations/${name}.xml`)!)

export const readBox = (object: Node): ReadonlyArray<number> =>
  ["xmin", "ymin", "xmax", "ymax"].map((name) => Number(only(only(object, "bndbox"), name).text))

export const readVoc = (files: Files): FormatKit.ReadBack => {
  const map = readLabelMap(files)
  const lists = [...files.keys()].filter((path) => path.startsWith("ImageSets/Main/"))
  const samples = new Map<string, ReadonlyArray<string>>()
  for (const name of lists.flatMap((path) => textOf(files, path).split("\n").slice(0, -1))) {
    const root = readAnnotation(files, name)
    const boxes = all(root, "object").map((object) => only(object, "name").text)
    if (only(root, "segmented").text !== "1") {
      samples.set(name, boxes)
      continue
    }
    const [classes, objects] = ["Class", "Object"].map((of) => readPalette(files.get(`Segmentation${of}/${name}.png`)!))
    const found = new Map(objects!.values.map((object, at) => [object, classes!.values[at]!]))
    found.delete(0)
    samples.set(name, [...boxes, ...[...found.values()].map((value) => map[value]![0])])
  }
  return { classes: map.slice(1).map(([name]) => name), samples }
}
