/** Starts one PostgreSQL for the tests of this package, and bundles their programs, once for a test run. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { TestProject } from "vitest/node"
import { bundlePrograms } from "../../../scripts/testPrograms.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** URL of the server, or null where none can be started. */
    readonly postgres: string | null
  }
}

/** Starts it and provides its URL. Where it cannot be started, tests on it are left out visibly; on CI that is a failure. */
export const setup = async (project: TestProject) => {
  const support = (name: string) => join(import.meta.dirname, "support", `${name}.ts`)
  const program = support("postgresServer")
  const server = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "pipe"] })
  const complaints: Array<string> = []
  server.stderr.setEncoding("utf8").on("data", (text: string) => complaints.push(text))
  const line = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next()
  const url = line.done === true ? null : line.value
  if (url === null) {
    const why = complaints.join("").trim()
    if (process.env["CI"] !== undefined) throw new Error(why)
    process.stderr.write(`\nTESTS ON POSTGRESQL ARE LEFT OUT. ${why}\n\n`)
  }
  project.provide("postgres", url)
  const remove = await bundlePrograms(project, { runner: support("runner"), writer: support("writer") })
  return async () => {
    remove()
    if (server.exitCode !== null) return
    server.stdin.end()
    await once(server, "exit")
  }
}
