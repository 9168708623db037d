/** A PostgreSQL server for tests and examples, which ends with what started it. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    /** URL of the server, or null where none can be started. */
    readonly postgres: string | null
  }
}

export interface Postgres {
  /** With the password. */
  readonly url: string
  /** Kills the server (SIGKILL) and starts it again. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Starts a server. Fails with why none can be started. */
export const startPostgres = async (): Promise<Postgres> => {
  const program = join(import.meta.dirname, "postgresServer.ts")
  const server = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "pipe"] })
  const complaints: Array<string> = []
  server.stderr.setEncoding("utf8").on("data", (text: string) => complaints.push(text))
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
  const ready = async () => {
    const line = await lines.next()
    if (line.done === true) throw new Error(complaints.join("").trim())
    return line.value
  }
  const url = await ready()
  return {
    url,
    restart: async () => {
      server.stdin.write("restart\n")
      await ready()
    },
    stop: async () => {
      if (server.exitCode !== null) return
      server.stdin.end()
      await once(server, "exit")
    }
  }
}

/**
 * Starts one server for a test run and provides its URL. Where it cannot be started, tests on it are left out visibly; on
 * CI that is a failure.
 */
export const providePostgres = async (project: TestProject): Promise<Postgres | undefined> => {
  try {
    const server = await startPostgres()
    project.provide("postgres", server.url)
    return server
  } catch (cause) {
    if (process.env["CI"] !== undefined) throw cause
    process.stderr.write(`\nTESTS ON POSTGRESQL ARE LEFT OUT. ${String(cause)}\n\n`)
    project.provide("postgres", null)
    return undefined
  }
}
