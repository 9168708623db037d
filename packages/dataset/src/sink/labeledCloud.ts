/**
 * Reads labeled point clouds as the platform's older form has them: PCD in ASCII, with `x y z label_key` for each point. A
 * cloud is read from start to end, some points at a time.
 */
import { DatasetError } from "../DatasetError.ts"

/** Some points in order. */
export interface Points {
  /** The label key of each. */
  readonly keys: Int32Array
  /** x, y and z of each. */
  readonly positions: Float32Array
}

const failure = (detail: string) => new DatasetError({ reason: "content", detail })

/** Most bytes of a header, or of a line. */
const longest = 64 * 1024

/** Yields the points of a cloud. Throws a `DatasetError` if it is none of this form, or if points are missing. */
export async function* pointsOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Points> {
  const decoder = new TextDecoder()
  let rest = ""
  let header: Header | undefined
  let count = 0
  const take = (lines: ReadonlyArray<string>): Points | undefined => {
    const known = header
    if (known === undefined || lines.length === 0) return undefined
    const made = { keys: new Int32Array(lines.length), positions: new Float32Array(lines.length * 3) }
    lines.forEach((line, index) => {
      const values = line.split(/\s+/)
      const [x, y, z, key] = known.at.map((at) => Number(values[at])) as [number, number, number, number]
      if (!Number.isFinite(key)) throw failure(`the point cloud has a point without a label: ${line.slice(0, 80)}`)
      made.keys[index] = Math.round(key)
      made.positions.set([x, y, z], index * 3)
    })
    count += lines.length
    return made
  }
  for await (const bytes of source) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/)
    rest = lines.pop()!
    if (rest.length > longest) throw failure("the point cloud is no PCD in ASCII: a line of it is too long")
    if (header === undefined) {
      const end = lines.findIndex((line) => line.startsWith("DATA"))
      if (end < 0) {
        rest = `${lines.join("\n")}${lines.length > 0 ? "\n" : ""}${rest}`
        if (rest.length > longest) throw failure("the point cloud is no PCD: it has no header")
        continue
      }
      header = headerOf(lines.splice(0, end + 1))
    }
    const points = take(lines.filter((line) => line !== ""))
    if (points !== undefined) yield points
  }
  const points = take(rest === "" ? [] : [rest])
  if (points !== undefined) yield points
  if (header === undefined || count !== header.count) {
    throw failure(
      `the point cloud is not complete: it has ${count} of ${header?.count ?? "an unknown number of"} points`
    )
  }
}

interface Header {
  /** The columns of x, y, z and the label key. */
  readonly at: ReadonlyArray<number>
  readonly count: number
}

const headerOf = (lines: ReadonlyArray<string>): Header => {
  const words = new Map(
    lines.filter((line) => !line.startsWith("#")).map((line) => {
      const [name = "", ...values] = line.trim().split(/\s+/)
      return [name, values]
    })
  )
  const fields = words.get("FIELDS") ?? []
  const form = words.get("DATA")?.[0]
  if (form !== "ascii") {
    throw failure(`the point cloud is PCD in ${form ?? "no known form"}: labels can be read from ASCII`)
  }
  const at = ["x", "y", "z", "label_key"].map((name) => fields.indexOf(name))
  if (at.includes(-1)) throw failure(`the point cloud has the fields ${fields.join(" ")}: x y z label_key are needed`)
  return { at, count: Number(words.get("POINTS")?.[0]) }
}
