// Packs every published package, as a release does.
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"

export const root = join(import.meta.dirname, "..")

const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { packageManager: string }

/** Packs into the folder. Returns the name of each package and the path of its tarball. */
export const tarballs = (folder: string) => {
  const args = ["--recursive", "--filter", "./packages/*", "pack", "--json", "--pack-destination", folder]
  const packed = execFileSync("npx", ["--yes", packageManager, ...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "inherit"]
  })
  return JSON.parse(packed.slice(packed.indexOf("["))) as ReadonlyArray<{
    readonly name: string
    readonly filename: string
  }>
}
