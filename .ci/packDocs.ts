// Copies `docs` into the package that is being packed, so that people and agents find it next to the code. Run as its
// `prepack`; `postpack` removes the copy.
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const to = join(process.cwd(), "docs")
const repository = "https://github.com/labelstream/labelstream/tree/main"

rmSync(to, { recursive: true, force: true })
cpSync(join(import.meta.dirname, "..", "docs"), to, { recursive: true })
for (const page of globSync("**/*.md", { cwd: to })) {
  const file = join(to, page)
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(/\]\((?:\.\.\/)+(packages|deploy)/g, `](${repository}/$1`))
}
