/** Holds what a reader found against what was stored, and says the first difference in words. */
import { AnnotationModel, type JobSink } from "@labelstream/core/sink"
import type { StoredJob } from "../Subject.ts"
import { sha256 } from "./contents.ts"
import { keyOf, type TestJob } from "./jobs.ts"

const short = (id: string) => JSON.stringify(id.length > 60 ? `${id.slice(0, 57)}...` : id)

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0

/** Says how a stored job differs from what it should be, or undefined. */
export const jobDifference = (found: StoredJob, expected: TestJob): string | undefined => {
  const at = `job ${short(found.jobId)}`
  const { attachments = [], document } = found
  if (document !== undefined) {
    if (!sameBytes(document, expected.document)) {
      return `${at}: the document differs (${document.length} bytes, ${expected.document.length} stored)`
    }
    if (attachments.length !== expected.attachments.length) {
      return `${at}: ${attachments.length} nested files, not ${expected.attachments.length}`
    }
    const file = attachments.findIndex((bytes, index) => !sameBytes(bytes, expected.attachments[index]!))
    if (file !== -1) return `${at}: nested file ${file} differs`
  }
  return rowsDifference(at, "annotations", found.rows, expected.rows) ??
    rowsDifference(at, "media", found.media, expected.media)
}

/** Columns hold numbers, text and nulls: what a row says of a column, by its name. */
type Rows = ReadonlyArray<Readonly<Record<string, unknown>>>

const rowsDifference = (at: string, table: "annotations" | "media", found: Rows | undefined, expected: Rows) => {
  if (found === undefined) return undefined
  if (found.length !== expected.length) return `${at}: ${found.length} rows of ${table}, not ${expected.length}`
  for (const [index, row] of expected.entries()) {
    for (const { name } of AnnotationModel.tables[table].columns) {
      const [other, value] = [found[index]?.[name], row[name]]
      if (Object.is(other, value)) continue
      const from = firstDifference(other, value)
      return `${at}: ${name} of row ${index} of ${table} is ${shown(other, from)}, not ${shown(value, from)}`
    }
  }
  return undefined
}

/** Where two texts begin to differ; 0 for anything else. */
const firstDifference = (found: unknown, expected: unknown): number => {
  if (typeof found !== "string" || typeof expected !== "string") return 0
  let at = 0
  while (at < expected.length && found[at] === expected[at]) at++
  return at
}

const shown = (value: unknown, from: number): string => {
  if (Object.is(value, -0)) return "-0"
  if (typeof value !== "string") return value === undefined ? "absent" : JSON.stringify(value)
  const start = Math.max(0, from - 20)
  return `${start > 0 ? "..." : ""}${JSON.stringify(value.slice(start, start + 60))}`
}

/**
 * Says how what is stored differs from exactly these jobs, each as often as it is given; undefined where it does not.
 */
export const difference = (
  found: ReadonlyArray<StoredJob>,
  expected: ReadonlyArray<TestJob>
): string | undefined => {
  const left = new Map<string, Array<TestJob>>()
  for (const of of expected) left.set(keyOf(of.record), [...left.get(keyOf(of.record)) ?? [], of])
  for (const of of found) {
    const wanted = left.get(keyOf(of))
    const [first] = wanted ?? []
    if (wanted === undefined || first === undefined) {
      return `job ${short(of.jobId)} of batch ${short(of.batchId)} is there ${wanted ? "twice" : "and should not be"}`
    }
    const at = wanted.findIndex((one) => jobDifference(of, one) === undefined)
    if (at === -1) return jobDifference(of, first)
    wanted.splice(at, 1)
  }
  const lost = [...left.values()].flat()
  return lost.length === 0 ? undefined : `job ${short(lost[0]!.record.jobId)} is missing (${lost.length} are)`
}

/** What is left when each job stands for all that are the same as it. */
export const distinct = (found: ReadonlyArray<StoredJob>): ReadonlyArray<StoredJob> => [
  ...new Map(found.map((of) => [`${keyOf(of)} ${sha256(of.document ?? JSON.stringify(of.rows))}`, of])).values()
]

/** The receipt that a job must get. */
export const receiptFor = ({ attachments, document, record }: TestJob): JobSink.Receipt => ({
  batchId: record.batchId,
  jobId: record.jobId,
  revision: record.revision,
  bytes: attachments.reduce((sum, file) => sum + file.length, document.length)
})

/** Says how receipts differ from those that exactly these jobs must get. */
export const receiptsDifference = (
  found: ReadonlyArray<JobSink.Receipt>,
  expected: ReadonlyArray<TestJob>
): string | undefined => {
  const left = new Map(expected.map((of) => [keyOf(of.record), receiptFor(of)]))
  for (const receipt of found) {
    const at = `receipt for ${short(receipt.jobId)}`
    const wanted = left.get(keyOf(receipt))
    if (wanted === undefined) return `${at}: not asked for, or given twice`
    if (receipt.revision.document !== wanted.revision.document) return `${at}: names another document`
    if (receipt.revision.attachments !== wanted.revision.attachments) return `${at}: names other nested files`
    if (receipt.bytes !== wanted.bytes) return `${at}: says ${receipt.bytes} bytes, ${wanted.bytes} were stored`
    left.delete(keyOf(receipt))
  }
  return left.size === 0 ? undefined : `no receipt for ${left.size} of ${expected.length} jobs`
}
