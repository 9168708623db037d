import { readdirSync } from "node:fs"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { bundlePrograms, kitPrograms } from "../../scripts/testPrograms.ts"

const examples = join(import.meta.dirname, "..")
const support = (name: string) => join(import.meta.dirname, "support", `${name}.ts`)

/** All but those that start others by their paths, or must know that they are the program: they stay as they stand. */
const single = readdirSync(examples).filter((name) =>
  name.endsWith(".ts") && !["run.ts", "resume.ts", "custom-sink.ts"].includes(name)
)

export const setup = (project: TestProject) =>
  bundlePrograms(project, {
    ...Object.fromEntries(single.map((name) => [name.slice(0, -3), join(examples, name)])),
    ...kitPrograms(support("csvSubject")),
    smallBatches: support("smallBatches"),
    killedBeforeNoted: support("killedBeforeNoted")
  })
