import { join } from "node:path"
import { configDefaults, defineConfig } from "vitest/config"
import { workInMemory } from "./scripts/testFolder.ts"
import { LongestFirst } from "./scripts/testOrder.ts"
import { isFull } from "./scripts/testScale.ts"

const root = import.meta.dirname

// All processes of a test run find Effect compiled.
process.env["NODE_COMPILE_CACHE"] ??= join(root, "node_modules", ".cache", "compiled")

// The full matrix works on the disk.
if (!isFull) workInMemory()

export default defineConfig({
  test: {
    // One project for all packages: each project would load Effect and core again, in each worker.
    include: ["packages/*/test/**/*.test.ts", "examples/test/**/*.test.ts"],
    exclude: isFull ? configDefaults.exclude : [...configDefaults.exclude, "**/*.full.test.ts"],
    globalSetup: [join(root, "scripts", "testSetup.ts")],
    sequence: { sequencer: LongestFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One more than the cores of a small machine: many tests wait for a process or a timer.
    maxWorkers: 3,
    // Tests share nothing but modules, which take longer to load than most tests run.
    isolate: false
  }
})
