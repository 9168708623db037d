/**
 * Ids as databases store them. Their text is UTF-8, which has no form for half of a surrogate pair: two ids that differ
 * only in such halves would become one. Ids that hold one are stored in an escaped form; all others as they are.
 */
import type { Key } from "./DatabaseTables.ts"

/** Begins an escaped id. Ids that begin with it by themselves are escaped too, so that no two are stored alike. */
const mark = "\ufffd~"

/** Escapes an id. */
export const escape = (id: string): string => mark + JSON.stringify(id)

/** The text that stands for an id in every key column. */
export const encode = (id: string): string => id.isWellFormed() && !id.startsWith(mark) ? id : escape(id)

/** The id that a key column's text stands for. */
export const decode = (text: string): string => {
  if (!text.startsWith(mark)) return text
  try {
    return String(JSON.parse(text.slice(mark.length)))
  } catch {
    return text
  }
}

/** The key of a job's rows: its ids as stored. */
export const keyOf = ({ batchId, jobId }: { readonly batchId: string; readonly jobId: string }): Key => ({
  batch_id: encode(batchId),
  job_id: encode(jobId)
})
