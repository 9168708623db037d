/** Reads SemanticKITTI labels and points. */
import { parse } from "yaml"
import type { FormatKit } from "../../src/testing/index.ts"
import { stemOf } from "./files/readSamples.ts"
import { type Files, textOf } from "./readYolo.ts"

export const readClasses = (files: Files): Readonly<Record<number, string>> =>
  (parse(textOf(files, "semantic-kitti.yaml")) as { labels: Readonly<Record<number, string>> }).labels

/** Class and instance of each point. */
export const readLabels = (bytes: Uint8Array): ReadonlyArray<readonly [label: number, instance: number]> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from(
    { length: bytes.length / 4 },
    (_, at) => [view.getUint16(at * 4, true), view.getUint16(at * 4 + 2, true)]
  )
}

export const readPoints = (bytes: Uint8Array): ReadonlyArray<number> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(at * 4, true))
}

export const readSemanticKitti = (files: Files): FormatKit.ReadBack => {
  const { 0: unlabeled, ...labels } = readClasses(files)
  if (unlabeled !== "unlabeled") throw new Error("0 is not unlabeled")
  const scans = [...files].filter(([path]) => path.endsWith(".label"))
  return {
    classes: Object.values(labels),
    samples: new Map(scans.map(([path, bytes]) => {
      const met = new Set(readLabels(bytes).filter(([label]) => label !== 0).map((of) => of.join()))
      return [stemOf(path), [...met].map((of) => labels[Number(of.split(",")[0])]!)]
    }))
  }
}
