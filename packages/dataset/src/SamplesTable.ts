/**
 * The tables of a dataset: `samples.csv`, which says where each sample comes from and what it is called, and which gives
 * the same names to a fresh build; and the table that chooses splits by reference id.
 */
import { DatasetError } from "./DatasetError.ts"
import { csvLine, csvRows } from "./internal/csv.ts"
import * as Names from "./Names.ts"
import type { Input, Sample } from "./Sample.ts"
import * as Split from "./Split.ts"

/** The first line of `samples.csv`. */
export const header: string = csvLine([
  "name",
  "file",
  "split",
  "batch_id",
  "job_id",
  "reference_id",
  "frame_id",
  "frame_index",
  "url",
  "width",
  "height"
])

/** The line of one sample. */
export const line = ({ file, frame, height, job, name, split, url, width }: Sample): string =>
  csvLine([
    name,
    file,
    split,
    job.batchId,
    job.jobId,
    job.referenceId,
    frame?.id ?? null,
    frame?.index ?? null,
    url,
    width,
    height
  ])

/** The key of a sample, which does not depend on its name. */
export const keyOf = ({ frame, job }: Pick<Input, "frame" | "job">): string =>
  JSON.stringify([job.batchId, job.jobId, frame?.id ?? "", frame === null ? "" : String(frame.index)])

const failure = (path: string, why: string) =>
  new DatasetError({ reason: "options", detail: `${path} ${why}: correct it, or leave the option out` })

const rowsWith = <Column extends string>(text: string, columns: ReadonlyArray<Column>, path: string) => {
  const rows = csvRows(text, columns)
  if (rows === undefined) throw failure(path, `is no table with the columns ${columns.join(",")}`)
  return rows
}

/**
 * The names in the text of a `samples.csv`, by {@link keyOf}. Throws a `DatasetError` if it is none, or if a name in it is
 * not safe or not unique.
 */
export const namesIn = (text: string, path: string): ReadonlyMap<string, string> => {
  const naming = Names.make()
  return new Map(
    rowsWith(text, ["name", "batch_id", "job_id", "frame_id", "frame_index"], path).map((row) => {
      const name = row.name
      if (!Names.isSafe(name)) throw failure(path, `has ${JSON.stringify(name)}, which cannot be the name of a file`)
      if (!naming.take(name)) throw failure(path, `has the name ${JSON.stringify(name)} twice, or one that is like it`)
      return [JSON.stringify([row.batch_id, row.job_id, row.frame_id, row.frame_index]), name]
    })
  )
}

/** The splits in the text of a table `reference_id,split`, by reference id. Throws a `DatasetError` if it is none. */
export const splitsIn = (text: string, path: string): ReadonlyMap<string, string> =>
  new Map(
    rowsWith(text, ["reference_id", "split"], path).map((row) => {
      const split = row.split
      if (!Split.isName(split)) throw failure(path, `has the split ${JSON.stringify(split)}, which is no name`)
      return [row.reference_id, split]
    })
  )
