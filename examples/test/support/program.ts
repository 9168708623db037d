/** Runs an example or the command as a person would, with only the given environment. */
import type { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inject } from "vitest"
import type { Ended } from "../../../packages/cli/test/support/commandServer.ts"
import { run as runCommand } from "../../../packages/cli/test/support/program.ts"

const programs = inject("programs of examples")

/** Where Node keeps compiled code: next to bundles, which go with the test run, or in the folder that modules share. */
const compiledOf = (file: string) =>
  (file.endsWith(".ts") ? process.env["NODE_COMPILE_CACHE"] : undefined) ?? join(programs, "compiled")

/** The file of an example, or of the command. An example that starts other programs is not bundled. */
const fileOf = (example: string): string => {
  if (example === "labelstream") return join(inject("published"), "dist", "command", "labelstream.js")
  const bundled = join(programs, `${example}.js`)
  return existsSync(bundled) ? bundled : join(import.meta.dirname, "..", "..", `${example}.ts`)
}

/** Starts a process, which the scope kills. `end` waits for it. */
export const start = (
  example: string,
  env: Readonly<Record<string, string>>,
  args: ReadonlyArray<string> = [],
  cwd?: string
) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const file = fileOf(example)
        const child = spawn(process.execPath, [file, ...args], {
          cwd,
          env: { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: compiledOf(file), ...env },
          stdio: ["ignore", "pipe", "pipe"]
        })
        const output = { stdout: "", stderr: "" }
        child.stdout.on("data", (chunk: Buffer) => output.stdout += chunk.toString())
        child.stderr.on("data", (chunk: Buffer) => output.stderr += chunk.toString())
        const closed = new Promise<Ended>((resolve) => {
          child.on("close", (status) => resolve({ status, ...output }))
        })
        return { child, closed, output }
      }),
      ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
    ),
    ({ child, closed, output }) => ({
      pid: child.pid,
      /** Waits until the process has written this to stderr, or has ended. */
      said: (words: RegExp) =>
        Effect.promise(async () => {
          const ended = closed.then(() => true)
          while (!words.test(output.stderr)) {
            if (await Promise.race([once(child.stderr, "data").then(() => false), ended])) return
          }
        }),
      end: Effect.promise(() => closed),
      signal: (name: NodeJS.Signals) => Effect.sync(() => child.kill(name))
    })
  )

/** Runs an example in its own process, or the command in the process that all commands of a worker share. */
export const run = (...[example, env, args = [], cwd = process.cwd()]: Parameters<typeof start>) =>
  example === "labelstream"
    ? runCommand(args, { cwd, env })
    : Effect.scoped(Effect.flatMap(start(example, env, args, cwd), ({ end }) => end))

/** Exports with the command into the folder that `settings` name. */
export const exported = (env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
  run("labelstream", env, ["export", ...args])

/** Settings for all batches of a simulator, exported as files into a folder that also holds their ledger. */
export const settings = (simulator: Simulator.Running, output: string) => ({
  GT_STUDIO_API_KEY: simulator.apiKey,
  GT_STUDIO_BASE_URL: simulator.apiUrl,
  GT_STUDIO_PROJECT_ID: simulator.projectId,
  GT_STUDIO_BATCH_ID: simulator.batches.map(({ id }) => id).join(","),
  LABELSTREAM_TO: `files:${output}`,
  LABELSTREAM_LEDGER: join(output, ".labelstream", "ledger.sqlite")
})

/** A folder that the scope removes. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "labelstream-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)
