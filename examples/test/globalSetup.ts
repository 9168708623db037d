import { readdirSync } from "node:fs"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { bundleCommand } from "../../packages/cli/test/globalSetup.ts"
import { bundlePrograms, kitPrograms } from "../../scripts/testPrograms.ts"

const examples = join(import.meta.dirname, "..")
const support = (name: string) => join(import.meta.dirname, "support", `${name}.ts`)

/** These start other programs by path. */
const starters = ["export-to-postgres.ts", "resume.ts", "run.ts"]
const single = readdirSync(examples).filter((name) => name.endsWith(".ts") && !starters.includes(name))

export const setup = async (project: TestProject) => {
  const removeCommand = await bundleCommand(project)
  const removePrograms = await bundlePrograms(project, import.meta.dirname, {
    ...Object.fromEntries(single.map((name) => [name.slice(0, -3), join(examples, name)])),
    ...kitPrograms(support("csvSubject")),
    smallBatches: support("smallBatches"),
    killedBeforeNoted: support("killedBeforeNoted")
  })
  return () => {
    removeCommand()
    removePrograms()
  }
}
