// Writes the version of each package into its sources, for what they say of themselves. Run after `changeset version`.
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

const packages = join(import.meta.dirname, "..", "packages")
const written = /(\bconst version = )"\d+\.\d+\.\d+[^"]*"/g

for (const manifest of globSync("*/package.json", { cwd: packages })) {
  const { version } = JSON.parse(readFileSync(join(packages, manifest), "utf8")) as { readonly version?: string }
  const folder = join(packages, dirname(manifest))
  for (const source of version === undefined ? [] : globSync("src/**/*.ts", { cwd: folder })) {
    const text = readFileSync(join(folder, source), "utf8")
    const next = text.replaceAll(written, `$1"${version}"`)
    if (next !== text) writeFileSync(join(folder, source), next)
  }
}
