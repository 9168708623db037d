/** Runs the command as a person would, with nothing in its environment but what is given. */
import type { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { type ChildProcess, fork, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inject } from "vitest"
import type { CommandLine, Ended } from "./commandServer.ts"

const published = inject("published")

/** Where Node.js keeps compiled code. Removed with the test run. */
const compiled = join(published, "..", "compiled")

export interface Setting {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** The package's folder. Default: the one that the test run has bundled. */
  readonly folder?: string
}

/** A command under way. `end` waits for it; the scope kills it. */
export const start = (args: ReadonlyArray<string>, { cwd, env = {}, folder = published }: Setting) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const program = join(folder, "dist", "command", "labelstream.js")
        const child = spawn(process.execPath, [program, ...args], {
          cwd,
          env: { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: compiled, ...env },
          stdio: ["ignore", "pipe", "pipe"]
        })
        const output = { stdout: "", stderr: "" }
        child.stdout.setEncoding("utf8").on("data", (chunk: string) => output.stdout += chunk)
        child.stderr.setEncoding("utf8").on("data", (chunk: string) => output.stderr += chunk)
        const closed = new Promise<Ended>((resolve) => {
          child.on("close", (status) => resolve({ status, ...output }))
        })
        const said = (on: "stdout" | "stderr", text: string) =>
          new Promise<void>((resolve) => {
            const look = () => output[on].includes(text) ? resolve() : undefined
            child[on].on("data", look)
            child.on("close", () => resolve())
            look()
          })
        return { child, closed, said }
      }),
      ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
    ),
    ({ child, closed, said }) => ({
      /** Waits until it has said this, or has ended. */
      said: (on: "stdout" | "stderr", text: string) => Effect.promise(() => said(on, text)),
      end: Effect.promise(() => closed),
      signal: (name: NodeJS.Signals) => Effect.sync(() => child.kill(name))
    })
  )

/** A command in its own process, to its end. */
export const runAlone = (args: ReadonlyArray<string>, setting: Setting) =>
  Effect.scoped(Effect.flatMap(start(args, setting), ({ end }) => end))

let server: ChildProcess | undefined

/** One process for all commands of a worker, which ends with it. */
const startServer = () => {
  const child = fork(join(import.meta.dirname, "commandServer.ts"), { execArgv: [] })
  child.unref()
  child.channel?.unref()
  return child
}

const one = Semaphore.makeUnsafe(1)

/** A command to its end, in a process that runs one after the other: most take less time than a process to start. */
export const run = (args: ReadonlyArray<string>, { cwd, env = {} }: Omit<Setting, "folder">) =>
  one.withPermit(Effect.callback<Ended>((resume) => {
    const child = server ??= startServer()
    const answered = (ended: Ended) => {
      child.off("exit", died)
      resume(Effect.succeed(ended))
    }
    const died = () => {
      server = undefined
      resume(Effect.die(new Error(`the process of labelstream ${args.join(" ")} has died`)))
    }
    child.once("message", answered).once("exit", died)
    child.send({ args, cwd, env: { PATH: process.env["PATH"] ?? "", ...env } } satisfies CommandLine)
    return Effect.sync(() => {
      server = undefined
      child.kill("SIGKILL")
    })
  }))

/** The environment in which a simulator is the platform. */
export const platform = (simulator: Simulator.Running): Readonly<Record<string, string>> => ({
  GT_STUDIO_API_KEY: simulator.apiKey,
  GT_STUDIO_BASE_URL: simulator.apiUrl,
  GT_STUDIO_PROJECT_ID: simulator.projectId
})

/** A folder that is gone with the scope. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "labelstream-cli-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)
