/** A runner as a process that a test starts, freezes, lets leave, and kills. */
import { PostgresSink } from "@labelstream/sink-postgres"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { inject } from "vitest"
import type { ClusterStorage, Membership } from "../../src/index.ts"
import { temporaryFolder } from "./folders.ts"
import type { Machine } from "./network.ts"

const programs = inject("programs of cluster")

/** The options of a runner's process. */
export interface RunnerSetting {
  readonly url: string
  readonly platform: string
  readonly apiKey: string
  readonly host: string
  readonly port: number
  readonly spool: string
  readonly sliceJobs: number
  readonly concurrency?: number
  readonly timing: Membership.Timing
  readonly patience?: ClusterStorage.Options["patience"]
}

/** Where a runner runs, if that is another machine. */
export interface Place {
  readonly machine: Machine
  /** Milliseconds by which its clock is ahead. Default: 0. */
  readonly clockShift?: number
}

/** The port of a runner that has a machine of its own. */
const usualPort = 34_431

/** A port of this machine that is free. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

const ended = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, "exit").then(() => {})

const start = (setting: RunnerSetting, { clockShift = 0, machine }: Partial<Place>) => {
  const clock = clockShift === 0 ? [] : ["--import", join(programs, "shiftedClock.js")]
  const program = [process.execPath, ...clock, join(programs, "runner.js"), JSON.stringify(setting)]
  const [file = process.execPath, ...args] = [...machine?.command ?? [], ...program]
  return spawn(file, args, {
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: join(programs, "compiled"),
      CLOCK_SHIFT: String(clockShift),
      // From another machine, the server of the test run cannot be reached.
      ...(machine === undefined ? {} : { [PostgresSink.urlVariable]: setting.url })
    },
    stdio: ["pipe", "pipe", "inherit"]
  })
}

/** A runner that has joined. The scope kills it. */
export const startRunner = (setting: Omit<RunnerSetting, "host" | "port" | "spool">, place: Partial<Place> = {}) =>
  Effect.gen(function*() {
    const port = place.machine === undefined ? yield* freePort : usualPort
    const spool = yield* temporaryFolder
    const host = place.machine?.address ?? "127.0.0.1"
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => start({ ...setting, host, port, spool }, place)),
      (child) =>
        Effect.promise(() => {
          child.kill("SIGKILL")
          return ended(child)
        })
    )
    const lines: Array<string> = []
    const waiting = new Set<() => void>()
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line)
      for (const look of waiting) look()
    })
    yield* Effect.promise(() => Promise.race([once(child.stdout, "data"), ended(child)]))
    return {
      address: `${host}:${port}`,
      pid: child.pid,
      /** All that it has printed. */
      lines,
      /** Waits until it has printed a line with this text. */
      said: (text: string) =>
        Effect.callback<void>((resume) => {
          const look = () => {
            if (!lines.some((line) => line.includes(text))) return
            waiting.delete(look)
            resume(Effect.void)
          }
          waiting.add(look)
          look()
        }),
      freeze: Effect.sync(() => child.kill("SIGSTOP")),
      thaw: Effect.sync(() => child.kill("SIGCONT")),
      kill: Effect.promise(() => {
        child.kill("SIGKILL")
        return ended(child)
      }),
      /** Lets it leave. Returns its exit status. */
      leave: Effect.promise(async () => {
        child.kill("SIGTERM")
        await ended(child)
        return child.exitCode
      })
    }
  })
