/** A PostgreSQL server for one benchmark: that of the tests. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"

const program = join(import.meta.dirname, "..", "..", "..", "..", "scripts", "postgresServer.ts")

/** Starts a server, and stops it when the work with its URL has ended. */
export const withPostgres = async <A>(work: (url: string) => Promise<A>): Promise<A> => {
  const server = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] })
  try {
    const line = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next()
    if (line.done === true) throw new Error("no PostgreSQL can be started here")
    return await work(line.value)
  } finally {
    server.stdin.end()
    if (server.exitCode === null) await once(server, "exit")
  }
}
