/** Runs the `labelstream` command in processes that end with the scope that started them. */
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const command = join(dirname(fileURLToPath(import.meta.resolve("@labelstream/cli"))), "bin.ts")

/** Milliseconds that a process has to end by itself. */
const patience = 10_000

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

/** Waits for a process to end. Returns its exit status, or the name of the signal that ended it. */
export const ended = (child: ChildProcess): Promise<number | string> =>
  hasEnded(child)
    ? Promise.resolve(child.exitCode ?? child.signalCode ?? 1)
    : once(child, "exit").then(([status, signal]: Array<number | string | null>) => status ?? signal ?? 1)

const leave = (child: ChildProcess) =>
  Effect.promise(async () => {
    if (hasEnded(child)) return
    child.kill("SIGTERM")
    const timer = setTimeout(() => child.kill("SIGKILL"), patience)
    await ended(child)
    clearTimeout(timer)
  })

/** Starts commands, each with its arguments. The scope asks them to end, and kills those that do not. */
export const start = (
  commands: ReadonlyArray<ReadonlyArray<string>>,
  env: Readonly<Record<string, string>>,
  stdio: StdioOptions
) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      commands.map((args) => spawn(process.execPath, [command, ...args], { env: { ...process.env, ...env }, stdio }))
    ),
    (children) => Effect.forEach(children, leave, { concurrency: "unbounded", discard: true })
  )

/** A free port. */
export const freePort = Effect.promise(async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return typeof address === "object" && address !== null ? address.port : 0
})
