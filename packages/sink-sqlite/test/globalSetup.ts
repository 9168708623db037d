import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { bundlePrograms, kitPrograms } from "../../../scripts/testPrograms.ts"

const support = (name: string) => join(import.meta.dirname, "support", `${name}.ts`)

export const setup = (project: TestProject) =>
  bundlePrograms(project, import.meta.dirname, {
    ...kitPrograms(support("subject")),
    killed: support("killed"),
    largeChild: support("largeChild")
  })
