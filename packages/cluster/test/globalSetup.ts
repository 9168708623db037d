/** Starts one PostgreSQL for the tests of this package, and bundles their programs, once for a test run. */
import { PostgresSink } from "@labelstream/sink-postgres"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { providePostgres } from "../../../scripts/testPostgres.ts"
import { bundlePrograms } from "../../../scripts/testPrograms.ts"

export const setup = async (project: TestProject) => {
  const support = (name: string) => join(import.meta.dirname, "support", `${name}.ts`)
  const server = await providePostgres(project)
  // The runners' processes have it from here.
  if (server !== undefined) process.env[PostgresSink.urlVariable] = server.url
  const remove = await bundlePrograms(project, import.meta.dirname, {
    runner: support("runner"),
    shiftedClock: support("shiftedClock"),
    writer: support("writer")
  })
  return async () => {
    remove()
    await server?.stop()
  }
}
