// Copies `docs` and an `AGENTS.md` into the package that is being packed, so that people and agents find them next to the
// code. Run as its `prepack`; `postpack` removes the copies.
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const to = join(process.cwd(), "docs")
const repository = "https://github.com/labelstream/labelstream/tree/main"

cpSync(join(import.meta.dirname, "packageAgents.md"), join(process.cwd(), "AGENTS.md"))
rmSync(to, { recursive: true, force: true })
cpSync(join(import.meta.dirname, "..", "docs"), to, { recursive: true })
for (const page of globSync("**/*.md", { cwd: to })) {
  const file = join(to, page)
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(/\]\((?:\.\.\/)+(packages|deploy)/g, `](${repository}/$1`))
}
