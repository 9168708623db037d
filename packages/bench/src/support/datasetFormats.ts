/** The dataset formats that are there: a new one joins by being exported. */
import type { JobSink } from "@labelstream/core"
import * as Datasets from "@labelstream/dataset"

const found = Object.values(Datasets).flatMap((module) => "format" in module ? [module.format] : [])

const ofKind = (wanted: "image" | "point_cloud"): ReadonlyArray<string> =>
  found.filter(({ kind }) => kind === wanted).map(({ name }) => name)

/** The names of the formats for images. */
export const names = ofKind("image")

/** The names of the formats for point clouds. */
export const cloudNames = ofKind("point_cloud")

/** A sink of a format, with the options' defaults. */
export const sinkOf = (name: string, directory: string): JobSink.JobSink => {
  const format = found.find((each) => each.name === name)
  if (format === undefined) throw new Error(`there is no format ${name}`)
  return Datasets.DatasetSink.make(format, { directory })
}
