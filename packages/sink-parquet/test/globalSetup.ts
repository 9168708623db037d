import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { bundlePrograms, kitPrograms } from "../../../scripts/testPrograms.ts"

export const setup = (project: TestProject) =>
  bundlePrograms(project, kitPrograms(join(import.meta.dirname, "support", "subject.ts")))
