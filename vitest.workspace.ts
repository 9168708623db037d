import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { defineConfig } from "vitest/config"

const root = import.meta.dirname
const packages = readdirSync(join(root, "packages")).filter((name) => existsSync(join(root, "packages", name, "test")))
/** Packages of which a test puts another module in the place of one: each of their files loads its own. */
const isolated = new Set(["sink-parquet", "sink-sqlite"])
const names = existsSync(join(root, "examples", "test")) ? [...packages, "examples"] : packages

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    projects: names.map((name) => {
      const folder = name === "examples" ? join(root, name) : join(root, "packages", name)
      const setup = join(folder, "test", "globalSetup.ts")
      const globalSetup = existsSync(setup) ? [setup] : []
      // Tests share nothing but modules, which take longer to load than most tests run.
      return { extends: true, test: { name, root: folder, globalSetup, isolate: isolated.has(name) } }
    })
  }
})
