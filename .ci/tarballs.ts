// Packs every package that is published, as it would be.
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"

export const root = join(import.meta.dirname, "..")

const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { packageManager: string }

/** The name of each package, and where its tarball lies in the folder. */
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
