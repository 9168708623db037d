import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { bundlePrograms } from "../../../scripts/testPrograms.ts"

export const setup = (project: TestProject) =>
  bundlePrograms(project, import.meta.dirname, { bin: join(import.meta.dirname, "..", "src", "bin.ts") })
