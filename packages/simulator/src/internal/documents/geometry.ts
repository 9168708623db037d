/** Parts that the documents of several kinds share: coordinates, points, poses and names. */
import type { Random } from "../random.ts"
import type { JobUrls } from "../urls.ts"

/** What a document is made of. */
export interface Ingredients {
  readonly random: Random
  readonly urls: JobUrls
  /** 0 to 7: decides how many annotations and frames there are. */
  readonly variant: number
  /** Extra list elements that stand where `more` is put; empty when the document is not padded. */
  readonly more: ReadonlyArray<typeof more>
}

/** Stands in a document's main list for the padding, which is written in its place as text. */
export const more = "@@more@@"

/** Fraction of the image's width or height, 5 decimals. */
export const fraction = (random: Random): number => random.below(90000) / 100000

/** Metres, 3 decimals. */
export const metres = (random: Random, reach: number): number =>
  Math.round((random.fraction() * 2 - 1) * reach * 1e3) / 1e3

/** Four corners: top-left, top-right, bottom-right, bottom-left (documented order). */
export const corners = (random: Random) => {
  const x0 = fraction(random)
  const y0 = fraction(random)
  const x1 = Math.round((x0 + 0.01 + random.below(8000) / 100000) * 1e5) / 1e5
  const y1 = Math.round((y0 + 0.01 + random.below(8000) / 100000) * 1e5) / 1e5
  return [{ x: x0, y: y0 }, { x: x1, y: y0 }, { x: x1, y: y1 }, { x: x0, y: y1 }]
}

/** `{p1: {x, y}, ...}` */
export const points = (random: Random, count: number, labelled = false): Record<string, object> => {
  const out: Record<string, object> = {}
  for (let i = 1; i <= count; i++) {
    const point = { x: fraction(random), y: fraction(random) }
    out[`p${i}`] = labelled ? { ...point, label: i } : point
  }
  return out
}

/** `{e1: [p1, p2], ..., en: [pn, p1]}` */
export const ring = (count: number): Record<string, ReadonlyArray<string>> => {
  const out: Record<string, ReadonlyArray<string>> = {}
  for (let i = 1; i <= count; i++) out[`e${i}`] = [`p${i}`, `p${i % count + 1}`]
  return out
}

const boxEdges: Record<string, ReadonlyArray<string>> = Object.fromEntries(
  [[1, 2], [2, 3], [3, 4], [4, 1], [5, 6], [6, 7], [7, 8], [8, 5], [1, 5], [2, 6], [3, 7], [4, 8]]
    .map(([from, to], i) => [`e${i + 1}`, [`p${from}`, `p${to}`]])
)

/** Geometry of a 2D cuboid: eight points and twelve edges (guessed by analogy with polygons). */
export const cuboid = (random: Random) => ({ points: points(random, 8), edges: boxEdges })

const pose = { position: { x: 0.1, y: 0.05, z: 0.4 }, heading: { w: 0.847, x: -0.002, y: -0.504, z: 0.168 } }

/** Frames of a sensor-fusion job as they were sent (documented). */
export const sensorFrames = (urls: JobUrls, count: number) =>
  Array.from({ length: count }, (_, i) => {
    const name = `frame${String(i + 1).padStart(3, "0")}`
    return {
      frame_id: name,
      ego_pose: { position: { x: i * 0.1, y: 0, z: 0 }, heading: { w: 1, x: 0, y: 0, z: 0 } },
      sensors: [
        { sensor_id: "lidar", data_url: urls.input(`lidar/${name}.pcd`), sensor_pose: pose },
        { sensor_id: "cam-1", data_url: urls.input(`cam-1/${name}.png`), sensor_pose: pose }
      ]
    }
  })

/** A fraction of 5 decimals that depends on `n`, always of the same width. */
export const fixed = (n: number, salt: number): string => `0.${10000 + ((n + salt) * 7919) % 80000}`

/** A UUID for the `n`th padding element, always the same width. */
export const fixedId = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`
