import { spawn } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"

const [name, ...rest] = process.argv.slice(2)
const file = join(import.meta.dirname, `${name}.ts`)
const names = readdirSync(import.meta.dirname)
  .filter((entry) => entry.endsWith(".ts") && entry !== "run.ts")
  .map((entry) => entry.slice(0, -3))

if (name === undefined || !names.includes(name) || !existsSync(file)) {
  console.error(
    `${name === undefined ? "Which example?" : `There is no example ${name}.`} There are: ${names.join(", ")}`
  )
  process.exitCode = 1
} else {
  const child = spawn(process.execPath, [file, ...rest], { stdio: "inherit" })
  // The terminal sends Ctrl-C to the example as well: this process waits for what the example makes of it.
  process.on("SIGINT", () => {})
  process.on("SIGTERM", () => child.kill("SIGTERM"))
  child.on("close", (code, signal) => {
    process.exitCode = signal === null ? code ?? 1 : 128 + 15
  })
}
