/** The numbers of a 3D box. Their names are not documented, so the names in the samples are read (guessed). */
import { isObject, type JsonObject, nearest } from "../json.ts"

/** The numbers of a 3D box, null if the document has none of that name. */
export interface Box {
  readonly centerX: number | null
  readonly centerY: number | null
  readonly centerZ: number | null
  readonly sizeX: number | null
  readonly sizeY: number | null
  readonly sizeZ: number | null
  readonly rotationX: number | null
  readonly rotationY: number | null
  readonly rotationZ: number | null
  readonly rotationW: number | null
}

/** A finite number, null for anything else. */
const finite = (value: unknown): number | null => {
  const number = nearest(value)
  return Number.isFinite(number) ? number : null
}

/** Reads the numbers; none is converted. */
export const boxOf = (object: JsonObject): Box => {
  const center = axesOf(object["center"])
  const size = axesOf(object["dimensions"])
  const rotation = axesOf(object["rotation"])
  return {
    centerX: finite(center["x"]),
    centerY: finite(center["y"]),
    centerZ: finite(center["z"]),
    sizeX: finite(size["x"]),
    sizeY: finite(size["y"]),
    sizeZ: finite(size["z"]),
    rotationX: finite(rotation["x"]),
    rotationY: finite(rotation["y"]),
    rotationZ: finite(rotation["z"]),
    rotationW: finite(rotation["w"])
  }
}

const noAxes: JsonObject = {}
const axesOf = (value: unknown): JsonObject => isObject(value) ? value : noAxes

/** The columns of a row that is not a 3D box. */
export const noBox = boxOf(noAxes)
