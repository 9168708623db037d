/** Points of a lidar's input: every second one inside a 3D box of its frame, the others around. */
import type { Random } from "../random.ts"

interface Triple {
  readonly x: number
  readonly y: number
  readonly z: number
}

interface Box {
  readonly frame_id: string
  readonly center: Triple
  readonly dimensions: Triple
  readonly rotation: Triple
}

const boxesIn = (document: unknown, frameId: string | undefined): ReadonlyArray<Box> => {
  const { annotation_data: data } = Object(document) as {
    readonly annotation_data?: { readonly annotations: ReadonlyArray<Box | object | string> }
  }
  return (data?.annotations ?? []).filter((one): one is Box =>
    typeof one === "object" && "center" in one && "frame_id" in one && one.frame_id === frameId
  )
}

const inside = ({ center, dimensions, rotation }: Box, random: Random): Triple => {
  const offset = (length: number): number => (random.fraction() - 0.5) * length * 0.98
  const [dx, dy] = [offset(dimensions.x), offset(dimensions.y)]
  const [cos, sin] = [Math.cos(rotation.z), Math.sin(rotation.z)]
  return {
    x: center.x + dx * cos - dy * sin,
    y: center.y + dx * sin + dy * cos,
    z: center.z + offset(dimensions.z)
  }
}

/** Returns a point as a file has it, in meters with 3 decimals. */
export const cloud = (document: unknown, frameId: string | undefined, random: Random) => {
  const boxes = boxesIn(document, frameId)
  return (index: number): ReadonlyArray<string> => {
    const box = index % 2 === 0 ? boxes[(index >> 1) % boxes.length] : undefined
    const reach = (): number => (random.fraction() * 2 - 1) * 80
    const { x, y, z } = box === undefined ? { x: reach(), y: reach(), z: -1.8 } : inside(box, random)
    return [x, y, z].map((value) => value.toFixed(3))
  }
}
