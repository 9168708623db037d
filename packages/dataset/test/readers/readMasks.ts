/** Reads class-id masks: `classes.json`, and a value for each pixel. */
import type { FormatKit } from "../../src/testing/index.ts"
import { type Gray, readGray } from "./files/readPng.ts"
import { type Files, textOf } from "./readYolo.ts"

/** The masks by name. */
export const readValues = (files: Files): ReadonlyMap<string, Gray> =>
  new Map(
    [...files].flatMap(([path, bytes]) => {
      const [, name] = /^masks\/[^/]+\/(.+)\.png$/.exec(path) ?? []
      return name === undefined ? [] : [[name, readGray(bytes)] as const]
    })
  )

export const readMasks = (files: Files): FormatKit.ReadBack => {
  const classes = JSON.parse(textOf(files, "classes.json")) as ReadonlyArray<string>
  const labels = ({ values }: Gray) =>
    [...new Set(values)].filter((value) => value !== 0).map((value) => classes[value - 1]!)
  return { classes, samples: new Map([...readValues(files)].map(([name, gray]) => [name, labels(gray)])) }
}
