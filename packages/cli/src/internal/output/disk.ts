import { existsSync, statfsSync } from "node:fs"
import { dirname } from "node:path"

/** Free bytes where a path is or would be made; undefined where that cannot be told. */
export const freeAt = (path: string): number | undefined => {
  let folder = path
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return undefined
  }
}

/** The path that a sink's id names, where it names one. */
export const pathIn = (sinkId: string): string | undefined => {
  const place = sinkId.slice(sinkId.indexOf(":") + 1)
  return place.startsWith("/") || /^[A-Za-z]:[\\/]/.test(place) ? place : undefined
}
