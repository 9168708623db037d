/**
 * Assembles the module that core passes over JSON with: `npm run wasm` after a change to its text. With `--check` it only
 * fails where the two differ.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import wabt from "wabt"

const folder = join(import.meta.dirname, "..", "packages", "core", "src", "internal", "document", "scan")
const target = join(folder, "blocksModule.ts")

const module = (await wabt()).parseWat("blocks.wat", readFileSync(join(folder, "blocks.wat"), "utf8"), { simd: true })
const lines = Buffer.from(module.toBinary({}).buffer).toString("base64").match(/.{1,112}/g) ?? []
const source = `/** What stands in \`blocks.wat\`, assembled by \`npm run wasm\`, in base64. */
export const blocksModule: string =
  ${lines.map((line) => `"${line}"`).join(" +\n  ")}
`

if (!process.argv.includes("--check")) writeFileSync(target, source)
else if (readFileSync(target, "utf8") !== source) throw new Error(`${target} is not what blocks.wat says: npm run wasm`)
