/** Processes that a test starts, talks to by lines, and kills. */
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { inject } from "vitest"

const programs = inject("programs of node")
const env = { ...process.env, NODE_COMPILE_CACHE: join(programs, "compiled") }

interface Child {
  readonly pid: number | undefined
  readonly child: ChildProcess
  readonly lines: AsyncIterator<string>
  readonly closed: Promise<unknown>
  /** Waits for one more line of its output. */
  readonly nextLine: Effect.Effect<string>
}

/** Starts a program of the test run, by its name; killed with the scope at the latest. */
export const child = (program: string, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync((): Child => {
      const file = join(programs, `${program}.js`)
      const child = spawn(process.execPath, [file, ...args], { env, stdio: ["pipe", "pipe", "inherit"] })
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const closed = once(child, "close")
      const nextLine = Effect.promise(async () => {
        const line = await lines.next()
        if (line.done === true) throw new Error(`${program} has ended`)
        return line.value
      })
      return { pid: child.pid, child, lines, closed, nextLine }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Kills with SIGKILL, waits for the end, and returns the remaining lines. */
export const killed = ({ child, closed, lines }: Child) =>
  Effect.promise(async () => {
    child.kill("SIGKILL")
    await closed
    const rest: Array<string> = []
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) rest.push(line.value)
    return rest
  })
