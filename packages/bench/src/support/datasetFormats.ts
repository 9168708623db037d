/** The dataset formats that are there: a new one joins by being exported. */
import type { JobSink } from "@labelstream/core"
import * as Datasets from "@labelstream/dataset"

const found = Object.values(Datasets).flatMap((module) => "format" in module ? [module.format] : [])

/** The names of the formats for images. */
export const names: ReadonlyArray<string> = found.filter(({ kind }) => kind === "image").map(({ name }) => name)

/** A sink of a format, with the options' defaults. */
export const sinkOf = (name: string, directory: string): JobSink.JobSink => {
  const format = found.find((each) => each.name === name)
  if (format === undefined) throw new Error(`there is no format ${name}`)
  return Datasets.DatasetSink.make(format, { directory })
}
