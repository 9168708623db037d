import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"

const [node = "", , name, ...rest] = process.argv
// An example is a file, or a folder with a `main.ts`.
const names = readdirSync(import.meta.dirname).flatMap((entry) => {
  if (entry.endsWith(".ts")) return entry === "run.ts" ? [] : [entry.slice(0, -3)]
  return existsSync(join(import.meta.dirname, entry, "main.ts")) ? [entry] : []
})

if (name === undefined || !names.includes(name)) {
  console.error(
    `${name === undefined ? "Which example?" : `There is no example ${name}.`} There are: ${names.join(", ")}`
  )
  process.exitCode = 1
} else {
  const single = join(import.meta.dirname, `${name}.ts`)
  const file = existsSync(single) ? single : join(import.meta.dirname, name, "main.ts")
  process.argv = [node, file, ...rest]
  await import(file)
}
