/** Paths as people write them, on flags, in variables and in files. */
import { realpathSync } from "node:fs"
import { homedir } from "node:os"
import { basename, dirname, join, resolve } from "node:path"

/** A path with `~` for the home folder, which no shell puts there behind a colon, in a file or in a variable. */
export const fromHome = (path: string): string =>
  path === "~" ? homedir() : path.startsWith("~/") ? join(homedir(), path.slice(2)) : path

/** An absolute path, from the folder in which it was written down. */
export const absolute = (folder: string, path: string): string => resolve(folder, fromHome(path))

/** The scheme of a URL, such as `s3`; undefined for a path. */
export const schemeOf = (path: string): string | undefined => /^([a-z][a-z0-9+.-]+):\/\//i.exec(path)?.[1]

/** Resolves all links of a path. A missing path resolves to where it would be made. */
export const placeOf = (path: string): string => {
  try {
    return realpathSync.native(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(placeOf(parent), basename(path))
  }
}
