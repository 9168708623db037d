// Packs every package as it would be published and holds the tarballs to publint and attw.
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root, tarballs } from "./tarballs.ts"

const folder = mkdtempSync(join(tmpdir(), "labelstream-pack-"))
const run = (command: string, ...args: ReadonlyArray<string>) =>
  execFileSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })

try {
  for (const { filename, name } of tarballs(folder)) {
    run("publint", "run", filename, "--strict")
    run("attw", filename, "--profile", "esm-only", "--no-emoji", "--quiet")
    console.log(`${name}: packs`)
  }
} catch (error) {
  const { stdout } = error as { stdout?: string }
  if (stdout !== undefined) console.error(stdout)
  throw error
} finally {
  rmSync(folder, { recursive: true, force: true })
}
