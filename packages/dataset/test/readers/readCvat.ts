/** Reads CVAT XML: images, and tracks with what is shown in each frame. */
import type { FormatKit } from "../../src/testing/index.ts"
import { readSamples, stemOf } from "./files/readSamples.ts"
import { all, type Node, only, readXml } from "./files/readXml.ts"
import { type Files } from "./readYolo.ts"

export const readDocument = (files: Files, path: string) => {
  const root = readXml(files.get(path)!)
  const labels = all(only(only(only(root, "meta"), "task"), "labels"), "label").map((label) => only(label, "name").text)
  return { root, labels, images: all(root, "image"), tracks: all(root, "track") }
}

/** The pixels of a mask, row by row in its box. */
export const readMask = ({ at: { height, rle, width } }: Node): ReadonlyArray<number> => {
  const pixels = rle!.split(", ").flatMap((length, index) => Array<number>(Number(length)).fill(index % 2))
  if (pixels.length !== Number(width) * Number(height)) throw new Error("the runs do not fill the box")
  return pixels
}

const declared = (labels: ReadonlyArray<string>, label: string): string => {
  if (!labels.includes(label)) throw new Error(`label ${label} is not declared`)
  return label
}

export const readCvat = (files: Files): FormatKit.ReadBack => {
  const table = readSamples(files)
  const samples = new Map<string, Array<string>>()
  let classes: ReadonlyArray<string> = []
  for (const path of files.keys()) {
    if (!path.endsWith(".xml")) continue
    const { images, labels, tracks } = readDocument(files, path)
    classes = labels
    for (const image of images) {
      samples.set(stemOf(image.at["name"]!), image.children.map((child) => declared(labels, child.at["label"]!)))
    }
    const job = stemOf(path)
    if (!path.includes("/")) continue
    const frames = new Map(
      table.filter((row) => row.job_id === job).map(({ frame_index, name }) => [frame_index, name])
    )
    for (const name of frames.values()) samples.set(name, [])
    for (const { at: { label }, children } of tracks) {
      const shown = children.filter(({ at }) => at["outside"] === "0")
      for (const { at } of shown) samples.get(frames.get(at["frame"]!)!)!.push(declared(labels, label!))
    }
  }
  return { classes, samples }
}
