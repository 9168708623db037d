import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { configDefaults, defineConfig } from "vitest/config"
import { workInMemory } from "./scripts/testFolder.ts"
import { isFull } from "./scripts/testScale.ts"

const root = import.meta.dirname
const packages = readdirSync(join(root, "packages")).filter((name) => existsSync(join(root, "packages", name, "test")))
const names = existsSync(join(root, "examples", "test")) ? [...packages, "examples"] : packages

// Whatever a test starts finds Effect compiled, as do the processes in which tests run.
process.env["NODE_COMPILE_CACHE"] ??= join(root, "node_modules", ".cache", "compiled")

// The full matrix works on the disk.
if (!isFull) workInMemory()

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: isFull ? configDefaults.exclude : [...configDefaults.exclude, "test/**/*.full.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One more than the cores of a small machine: many tests wait for a process or a timer.
    maxWorkers: 3,
    projects: names.map((name) => {
      const folder = name === "examples" ? join(root, name) : join(root, "packages", name)
      const setup = join(folder, "test", "globalSetup.ts")
      const globalSetup = existsSync(setup) ? [setup] : []
      // Tests share nothing but modules, which take longer to load than most tests run.
      return { extends: true, test: { name, root: folder, globalSetup, isolate: false } }
    })
  }
})
