import { existsSync, statfsSync } from "node:fs"
import { dirname } from "node:path"

/** Free bytes where a path is or would be made; undefined if unknown. */
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

/** The path that a sink's id names; undefined if it names none. */
export const pathIn = (sinkId: string): string | undefined => {
  const place = sinkId.slice(sinkId.indexOf(":") + 1)
  return place.startsWith("/") || /^[A-Za-z]:[\\/]/.test(place) ? place : undefined
}
