import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { bundlePrograms, kitPrograms } from "../../../scripts/testPrograms.ts"

export const setup = (project: TestProject) =>
  bundlePrograms(project, import.meta.dirname, kitPrograms(join(import.meta.dirname, "support", "tiny.ts")))
