/** Processes that a test starts, talks to by lines, and kills. */
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"

interface Child {
  readonly pid: number | undefined
  readonly child: ChildProcess
  readonly lines: AsyncIterator<string>
  readonly closed: Promise<unknown>
  /** Waits for one more line of its output. */
  readonly nextLine: Effect.Effect<string>
}

/** Starts a TypeScript file; killed with the scope at the latest. */
export const child = (file: string, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync((): Child => {
      const child = spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] })
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const closed = once(child, "close")
      const nextLine = Effect.promise(async () => {
        const line = await lines.next()
        if (line.done === true) throw new Error(`${file} has ended`)
        return line.value
      })
      return { pid: child.pid, child, lines, closed, nextLine }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Kills with SIGKILL, waits for the end, and answers the lines that were still on their way. */
export const killed = ({ child, closed, lines }: Child) =>
  Effect.promise(async () => {
    child.kill("SIGKILL")
    await closed
    const rest: Array<string> = []
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) rest.push(line.value)
    return rest
  })
