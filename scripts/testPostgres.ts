/** A PostgreSQL server for tests and examples, which ends with what started it. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    /** URL of the server, or null if none can be started. */
    readonly postgres: string | null
  }
}

export interface Postgres {
  /** With the password. */
  readonly url: string
  /** Kills the server (SIGKILL). */
  readonly kill: () => Promise<void>
  /** Starts the killed server again. */
  readonly start: () => Promise<void>
  /** Starts the killed server again as a standby, which takes no changes. */
  readonly standby: () => Promise<void>
  /** Kills the server and starts it again. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Another machine for a server. */
export interface Place {
  /** Where other machines reach it. */
  readonly address: string
  /** What a command line begins with that is to run there. */
  readonly command: ReadonlyArray<string>
}

/** Starts a server, on this machine or another one. Fails with why none can be started. */
export const startPostgres = async (place?: Place): Promise<Postgres> => {
  const program = join(import.meta.dirname, "postgresServer.ts")
  const [file, ...args] = [...place?.command ?? [], process.execPath, program]
  const server = spawn(file ?? process.execPath, place === undefined ? args : [...args, place.address], {
    stdio: ["pipe", "pipe", "pipe"]
  })
  const complaints: Array<string> = []
  server.stderr.setEncoding("utf8").on("data", (text: string) => complaints.push(text))
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
  const ready = async () => {
    const line = await lines.next()
    if (line.done === true) throw new Error(complaints.join("").trim())
    return line.value
  }
  const url = await ready()
  const tell = async (line: "kill" | "start" | "standby") => {
    server.stdin.write(`${line}\n`)
    await ready()
  }
  const kill = () => tell("kill")
  const start = () => tell("start")
  return {
    url,
    kill,
    start,
    standby: () => tell("standby"),
    restart: async () => {
      await kill()
      await start()
    },
    stop: async () => {
      if (server.exitCode !== null) return
      server.stdin.end()
      await once(server, "exit")
    }
  }
}

const startIfPossible = async (): Promise<Postgres | undefined> => {
  try {
    return await startPostgres()
  } catch (cause) {
    if (process.env["CI"] !== undefined) throw cause
    process.stderr.write(`\nTESTS ON POSTGRESQL ARE LEFT OUT. ${String(cause)}\n\n`)
    return undefined
  }
}

let shared: ReturnType<typeof startIfPossible> | undefined

/**
 * Starts one server for all packages of a test run and provides its URL. If it cannot be started, tests on it are left out
 * visibly; on CI that is a failure.
 */
export const providePostgres = async (project: TestProject): Promise<Postgres | undefined> => {
  const server = await (shared ??= startIfPossible())
  project.provide("postgres", server?.url ?? null)
  return server
}
