// Packs every package as it would be published and holds the tarballs to publint and attw.
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")
const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { packageManager: string }
const folder = mkdtempSync(join(tmpdir(), "labelstream-pack-"))
const run = (command: string, args: ReadonlyArray<string>, cwd: string) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })

try {
  for (const name of readdirSync(join(root, "packages"))) {
    const cwd = join(root, "packages", name)
    const manifest = JSON.parse(readFileSync(join(cwd, "package.json"), "utf8")) as { private?: boolean }
    if (manifest.private === true) continue
    const packed = run("npx", ["--yes", packageManager, "pack", "--json", "--pack-destination", folder], cwd)
    const { filename } = JSON.parse(packed.slice(packed.indexOf("{"))) as { filename: string }
    run("publint", ["run", filename, "--strict"], cwd)
    run("attw", [filename, "--profile", "esm-only", "--no-emoji", "--quiet"], cwd)
    console.log(`${name}: packs`)
  }
} catch (error) {
  const { stdout } = error as { stdout?: string }
  if (stdout !== undefined) console.error(stdout)
  throw error
} finally {
  rmSync(folder, { recursive: true, force: true })
}
