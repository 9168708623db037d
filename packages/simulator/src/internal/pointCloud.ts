/** Writes point clouds: ASCII PCD v0.7, as the platform's older point cloud results are (documented). */

/** Writes points as PCD with the named fields, all `F` of 4 bytes; `at(i)` gives the values of point `i`. */
export const pcd = (
  fields: ReadonlyArray<string>,
  points: number,
  at: (index: number) => ReadonlyArray<string>
): Uint8Array => {
  const each = (value: string): string => fields.map(() => value).join(" ")
  const lines = [
    "# .PCD v0.7 - Point Cloud Data file format",
    "VERSION 0.7",
    `FIELDS ${fields.join(" ")}`,
    `SIZE ${each("4")}`,
    `TYPE ${each("F")}`,
    `COUNT ${each("1")}`,
    `WIDTH ${points}`,
    "HEIGHT 1",
    "VIEWPOINT 0 0 0 1 0 0 0",
    `POINTS ${points}`,
    "DATA ascii"
  ]
  for (let i = 0; i < points; i++) lines.push(at(i).join(" "))
  return Buffer.from(`${lines.join("\n")}\n`)
}

/** Writes one label key a point as unsigned 32-bit little-endian (the platform's own format is not documented). */
export const labels = (points: number, at: (index: number) => number): Uint8Array => {
  const out = Buffer.alloc(points * 4)
  for (let i = 0; i < points; i++) out.writeUInt32LE(at(i), i * 4)
  return out
}
