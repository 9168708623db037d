/** Versions that a new package asks for: those that Labelstream itself is built and tested with. */
import { readFileSync } from "node:fs"
import { join } from "node:path"

const manifest = readFileSync(join(import.meta.dirname, "..", "..", "package.json"), "utf8")

/** Ranges of Labelstream's packages, which share one version. */
export const own = `^${(JSON.parse(manifest) as { readonly version: string }).version}`

export const ranges = {
  "@effect/vitest": "^4.0.5",
  "@types/node": "^24.0.0",
  effect: "^4.1.0",
  typescript: "^7.0.2",
  vitest: "^5.1.1"
}
