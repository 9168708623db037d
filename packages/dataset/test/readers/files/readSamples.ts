/** Reads `samples.csv`, for formats that name samples by number. */
import { csvRows } from "../../../src/internal/csv.ts"
import { type Files, textOf } from "../readYolo.ts"

const columns = ["name", "file", "split", "job_id", "frame_index"] as const

export const readSamples = (files: Files) => csvRows(textOf(files, "samples.csv"), columns) ?? []

export const stemOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1).replace(/\.[^.]*$/, "")
