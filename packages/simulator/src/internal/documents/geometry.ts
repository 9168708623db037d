/** Parts that the documents of several kinds share: coordinates, points, poses and names. */
import type { Size } from "../media/shapes.ts"
import type { Random } from "../random.ts"
import type { JobUrls } from "../urls.ts"

/** What a document is made of. */
export interface Ingredients {
  readonly random: Random
  readonly urls: JobUrls
  /** Size of the job's images as displayed. */
  readonly size: Size
  /** 0 to 7: decides how many annotations and frames there are. */
  readonly variant: number
  /** Extra list elements that stand where `more` is put; empty when the document is not padded. */
  readonly more: ReadonlyArray<typeof more>
}

/** Marks the padding in a document's main list; text is written in its place. */
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

/** A fraction as documents write it: 5 decimals, within the image. */
export const within = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 1e5) / 1e5

type Points = Record<string, { readonly x: number; readonly y: number; readonly label?: number }>

/** `{p1: {x, y}, ...}` */
const points = (count: number, at: (index: number) => readonly [x: number, y: number], labelled = false): Points => {
  const out: Points = {}
  for (let i = 0; i < count; i++) {
    const [x, y] = at(i)
    const point = { x: within(x), y: within(y) }
    out[`p${i + 1}`] = labelled ? { ...point, label: i + 1 } : point
  }
  return out
}

/** Corners around a center: a polygon that does not cross itself. */
export const outline = (random: Random, count: number): Points => {
  const [x, y, reach] = [0.1 + fraction(random), 0.1 + fraction(random), 0.05 + random.fraction() * 0.1]
  return points(count, (i) => {
    const angle = (i + random.fraction() * 0.6) / count * 2 * Math.PI
    const radius = reach * (0.6 + random.fraction() * 0.4)
    return [x + Math.cos(angle) * radius, y + Math.sin(angle) * radius]
  })
}

/** Points one after another in about one direction. */
export const path = (random: Random, count: number): Points => {
  const [x, y] = [fraction(random), fraction(random)]
  const [dx, dy] = [(0.5 - x) * 0.9 / count, (0.5 - y) * 0.9 / count]
  return points(count, (i) => [x + dx * i * 2 + random.fraction() * 0.02, y + dy * i * 2 + random.fraction() * 0.02])
}

/** Labelled points near one another. */
export const cluster = (random: Random, count: number): Points => {
  const [x, y] = [fraction(random), fraction(random)]
  return points(count, () => [x + random.fraction() * 0.1, y + random.fraction() * 0.1], true)
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

/** Geometry of a 2D cuboid: its front, its back and twelve edges (guessed by analogy with polygons). */
export const cuboid = (random: Random) => {
  const front = corners(random)
  const [dx, dy] = [0.01 + random.fraction() * 0.04, -0.01 - random.fraction() * 0.03]
  const all = [...front, ...front.map(({ x, y }) => ({ x: x + dx, y: y + dy }))]
  return { points: points(8, (i) => [all[i]?.x ?? 0, all[i]?.y ?? 0]), edges: boxEdges }
}

const quaternion = (w: number, x: number, y: number, z: number) => ({ w, x, y, z })

const lidarPose = { position: { x: 0.1, y: 0.05, z: 0.4 }, heading: quaternion(0.847, -0.002, -0.504, 0.168) }
const cameraPose = { position: { x: 0.01, y: 0.1, z: 0.1 }, heading: quaternion(0.002, 0.847, -0.168, 0.504) }

/** The sensors of a sensor-fusion job as they were sent (documented); results are not documented to repeat them. */
export const sensorMeta = ({ height, width }: Size) => [
  { id: "lidar", name: "lidar", state: "editable", modality: "lidar", primary_view: true },
  {
    id: "cam-1",
    name: "cam-1",
    state: "editable",
    modality: "camera",
    camera_model: "brown_conrady",
    primary_view: false,
    intrinsics: {
      cx: width / 2,
      cy: height / 2,
      fx: width,
      fy: width,
      k1: 0,
      k2: 0,
      k3: 0,
      k4: 0,
      p1: 0,
      p2: 0,
      skew: 0,
      scale_factor: 1
    }
  }
]

/** Frames of a sensor-fusion job as they were sent (documented). */
export const sensorFrames = (urls: JobUrls, count: number) =>
  Array.from({ length: count }, (_, i) => {
    const name = `frame${String(i + 1).padStart(3, "0")}`
    return {
      frame_id: name,
      ego_pose: { position: { x: i / 10, y: 0, z: 0 }, heading: quaternion(1, 0, 0, 0) },
      sensors: [
        { sensor_id: "lidar", data_url: urls.input(`lidar/${name}.pcd`), sensor_pose: lidarPose },
        { sensor_id: "cam-1", data_url: urls.input(`cam-1/${name}.png`), sensor_pose: cameraPose }
      ]
    }
  })

/** A fraction of 5 decimals that depends on `n`, always of the same width. */
export const fixed = (n: number, salt: number): string => `0.${10000 + ((n + salt) * 7919) % 80000}`

/** A UUID for the `n`th padding element, always the same width. */
export const fixedId = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`
