/** Bundles programs that tests run as their own processes: they start in a quarter of the time that modules take. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { rolldown } from "rolldown"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    /** The folder with the programs of a package, `NAME.js` each. */
    readonly [programs: `programs of ${string}`]: string
  }
}

/** What has native code, or may be missing. */
const external = [/^node:/, "better-sqlite3", "@duckdb/node-api", "pg-native"]

/** Bundles the programs of a package with tests in `tests`, by name, for a test run. Returns what removes them. */
export const bundlePrograms = async (project: TestProject, tests: string, input: Readonly<Record<string, string>>) => {
  const folderOfPackage = dirname(tests)
  // From here, what is not in the bundle is found.
  const cache = join(folderOfPackage, "node_modules", ".cache")
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, "programs-"))
  await using bundle = await rolldown({ input, external, platform: "node", preserveEntrySignatures: "strict" })
  // Most of Effect's text is documentation, which would be read at each start.
  await bundle.write({ dir: folder, chunkFileNames: "[name]-[hash].js", comments: false })
  project.provide(`programs of ${basename(folderOfPackage)}`, folder)
  return () => rmSync(folder, { recursive: true, force: true })
}

const kit = join(import.meta.dirname, "..", "packages", "sink-testkit", "src", "internal", "child")

/** The conformance kit's programs, and the module with the sinks that they run. */
export const kitPrograms = (subject: string): Readonly<Record<string, string>> => ({
  main: join(kit, "main.ts"),
  faults: join(kit, "faults.ts"),
  subject
})
