/** Starts one PostgreSQL for the tests of this package, and bundles their programs, once for a test run. */
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { providePostgres } from "../../../scripts/testPostgres.ts"
import { bundlePrograms, kitPrograms } from "../../../scripts/testPrograms.ts"
import { urlVariable } from "../src/PostgresSink.ts"

export const setup = async (project: TestProject) => {
  const server = await providePostgres(project)
  // Processes that tests start have it from here too.
  if (server !== undefined) process.env[urlVariable] = server.url
  const support = (name: string) => join(import.meta.dirname, "support", `${name}.ts`)
  const remove = await bundlePrograms(project, import.meta.dirname, {
    ...kitPrograms(support("subject")),
    writer: support("writer")
  })
  return async () => {
    remove()
    await server?.stop()
  }
}
