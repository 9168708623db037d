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
  const { attachments = [], document, revision } = found
  if (revision !== undefined && revision.document !== expected.record.revision.document) {
    return `${at}: it is of another revision`
  }
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
  return rowsDifference(at, "annotation", found.rows, expected.rows) ??
    rowsDifference(at, "input", found.media, expected.media)
}

/** Columns hold numbers, text and nulls: what a row says of a column, by its name. */
type Rows = ReadonlyArray<Readonly<Record<string, unknown>>>

const rowsDifference = (at: string, what: "annotation" | "input", found: Rows | undefined, expected: Rows) => {
  if (found === undefined) return undefined
  const table = what === "input" ? AnnotationModel.tables.media : AnnotationModel.tables.annotations
  if (found.length !== expected.length) return `${at}: ${found.length} ${what}s, not ${expected.length}`
  for (const [index, row] of expected.entries()) {
    for (const { name, type } of table.columns) {
      const [other, value] = [found[index]?.[name], row[name]]
      if (Object.is(other, value) || type === "json" && isSameJson(other, value)) continue
      const from = firstDifference(other, value)
      return `${at}: ${name} of ${what} ${index} is ${shown(other, from)}, not ${shown(value, from)}`
    }
  }
  return undefined
}

/** Whether two JSON texts say the same: the order of names and the form of numbers say nothing, and every digit counts. */
const isSameJson = (one: unknown, other: unknown): boolean =>
  typeof one === "string" && typeof other === "string" && canonical(one) === canonical(other)

const canonical = (json: string): string =>
  JSON.stringify(JSON.parse(json, (_, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value === "number") return digits(context?.source ?? String(value))
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).sort(([left], [right]) => left < right ? -1 : 1))
  }))

/** Sign, digits, and power of ten, marked as what no string of a document is: -0 stays apart from 0. */
const digits = (source: string): string => {
  const [, sign = "", whole = "", part = "", power = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ??
    []
  const all = (whole + part).replace(/^0+/, "")
  const significant = all.replace(/0+$/, "")
  const exponent = Number(power) - part.length + all.length - significant.length
  return `\0${sign}${significant}e${significant === "" ? 0 : exponent}`
}

/** The position at which two texts begin to differ; 0 for anything else. */
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
 * Says how what is stored differs from exactly these jobs, each as often as it is given; undefined if it does not.
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
  ...new Map(found.map((of) => [`${keyOf(of)} ${sha256(of.document ?? JSON.stringify(of.rows ?? of.revision))}`, of]))
    .values()
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
