/** Reads labeled point clouds (PCD, text or uncompressed binary), for a view from above. */

/** One point and the number of what it belongs to. */
export interface CloudPoint {
  readonly x: number
  readonly y: number
  readonly key: number
}

/** Some points of a cloud, evenly spread over it. */
export interface Cloud {
  readonly points: ReadonlyArray<CloudPoint>
  readonly total: number
}

/** Most points that are read. */
const pointLimit = 1500
/** No header is nearly as long. */
const headerLimit = 4096

const labelNames = ["label_key", "label", "labels", "class", "object"]

/** Returns undefined if it is not such a file, or has no field for the label. */
export const read = (bytes: Uint8Array): Cloud | undefined => {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, headerLimit))
  const data = /^DATA[ \t]+(ascii|binary)[ \t]*\r?\n/m.exec(head)
  if (data === null) return undefined
  const words = (name: string) =>
    new RegExp(`^${name}[ \\t]+(.+?)[ \\t]*\\r?$`, "m").exec(head)?.[1]?.split(/[ \t]+/) ?? []
  const fields = words("FIELDS")
  const [x, y] = [fields.indexOf("x"), fields.indexOf("y")]
  const key = labelNames.map((name) => fields.indexOf(name)).find((at) => at >= 0) ?? -1
  if (x < 0 || y < 0 || key < 0 || words("COUNT").some((count) => count !== "1")) return undefined
  const body = bytes.subarray(data.index + data[0].length)
  const rows = data[1] === "ascii" ? textRows(body) : binaryRows(body, words("SIZE").map(Number), words("TYPE"))
  const every = Math.max(1, Math.ceil(rows.count / pointLimit))
  const points: Array<CloudPoint> = []
  for (let at = 0; at < rows.count; at += every) {
    const row = rows.at(at)
    const point = { x: row[x] ?? NaN, y: row[y] ?? NaN, key: row[key] ?? NaN }
    if (Number.isFinite(point.x) && Number.isFinite(point.y) && Number.isFinite(point.key)) points.push(point)
  }
  return points.length === 0 ? undefined : { points, total: rows.count }
}

interface Rows {
  readonly count: number
  readonly at: (row: number) => ReadonlyArray<number>
}

const textRows = (body: Uint8Array): Rows => {
  const lines = new TextDecoder("latin1").decode(body).split("\n").filter((line) => line.trim() !== "")
  return { count: lines.length, at: (row) => (lines[row] ?? "").trim().split(/\s+/).map(Number) }
}

const binaryRows = (body: Uint8Array, sizes: ReadonlyArray<number>, types: ReadonlyArray<string>): Rows => {
  const width = sizes.reduce((sum, size) => sum + size, 0)
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const count = width > 0 ? Math.floor(body.byteLength / width) : 0
  return {
    count,
    at: (row) => {
      let from = row * width
      return sizes.map((size, field) => {
        const at = from
        from += size
        return valueAt(view, at, `${types[field] ?? ""}${size}`)
      })
    }
  }
}

const valueAt = (view: DataView, at: number, type: string): number => {
  switch (type) {
    case "F4":
      return view.getFloat32(at, true)
    case "F8":
      return view.getFloat64(at, true)
    case "U1":
      return view.getUint8(at)
    case "U2":
      return view.getUint16(at, true)
    case "U4":
      return view.getUint32(at, true)
    case "I1":
      return view.getInt8(at)
    case "I2":
      return view.getInt16(at, true)
    case "I4":
      return view.getInt32(at, true)
    default:
      return NaN
  }
}
