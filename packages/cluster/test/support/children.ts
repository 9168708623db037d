/** Programs that a test starts with a database, reads lines of, and kills. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { inject } from "vitest"

const programs = inject("programs of cluster")

interface Child {
  readonly child: ChildProcess
  readonly lines: AsyncIterator<string>
  readonly closed: Promise<unknown>
}

/** Starts a program of the test run, by its name; killed with the scope at the latest. */
export const start = (program: string, url: Redacted.Redacted, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync((): Child => {
      const child = spawn(process.execPath, [join(programs, `${program}.js`), ...args], {
        env: { ...process.env, NODE_COMPILE_CACHE: join(programs, "compiled"), DATABASE: Redacted.value(url) },
        stdio: ["ignore", "pipe", "inherit"]
      })
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      return { child, lines, closed: once(child, "close") }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** The rest of its lines, once it has ended. */
export const rest = ({ closed, lines }: Child) =>
  Effect.promise(async () => {
    const read: Array<string> = []
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) read.push(line.value)
    await closed
    return read
  })

/** Kills it at once after so many more lines, and answers all that it has printed. */
export const killedAfter = (count: number, child: Child) =>
  Effect.gen(function*() {
    const read: Array<string> = []
    while (read.length < count) {
      const line = yield* Effect.promise(() => child.lines.next())
      if (line.done === true) break
      read.push(line.value)
    }
    child.child.kill("SIGKILL")
    return [...read, ...yield* rest(child)]
  })
