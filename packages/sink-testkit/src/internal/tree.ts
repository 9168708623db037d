/** What lies in a folder, for telling whether anything has changed there. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { join } from "node:path"
import { sha256 } from "./contents.ts"

/** Every path under a folder with the hash of what is there; folders end in a slash. */
export const tree = (folder: string): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  const visit = (below: string) => {
    for (const name of readdirSync(join(folder, below)).sort()) {
      const at = below === "" ? name : `${below}/${name}`
      const stats = lstatSync(join(folder, at))
      if (stats.isDirectory()) {
        found.set(`${at}/`, "")
        visit(at)
      } else if (stats.isSymbolicLink()) found.set(at, `-> ${readlinkSync(join(folder, at))}`)
      else if (stats.isFile()) found.set(at, sha256(readFileSync(join(folder, at))))
      else found.set(at, "special")
    }
  }
  visit("")
  return found
}

/** Says the first difference between two trees, or undefined. */
export const treeDifference = (
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>
): string | undefined => {
  for (const [path, hash] of after) {
    if (!before.has(path)) return `${path} has appeared`
    if (before.get(path) !== hash) return `${path} has changed`
  }
  for (const path of before.keys()) if (!after.has(path)) return `${path} has gone`
  return undefined
}
