/** Runs an example as a person would: a process of its own, with nothing in its environment but what is given. */
import type { Simulator } from "@labelstream/simulator"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inject } from "vitest"

const programs = inject("programs")

/** Where Node keeps compiled code: of bundles it goes with them, and modules share theirs with all who run them. */
const compiledOf = (file: string) =>
  (file.endsWith(".ts") ? process.env["NODE_COMPILE_CACHE"] : undefined) ?? join(programs, "compiled")

/** The file of an example: bundled, or as it stands where it starts others. */
export const fileOf = (example: string): string => {
  const bundled = join(programs, `${example}.js`)
  return existsSync(bundled) ? bundled : join(import.meta.dirname, "..", "..", `${example}.ts`)
}

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Each output of the tests has its ledger in it, so that they share none. */
const besides = ({ LABELSTREAM_OUTPUT: output }: Readonly<Record<string, string>>) =>
  output === undefined ? {} : { LABELSTREAM_LEDGER: join(output, ".labelstream", "ledger.sqlite") }

/** A process under way. `end` waits for it; the scope kills it. */
export const start = (example: string, env: Readonly<Record<string, string>>, args: ReadonlyArray<string> = []) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const file = fileOf(example)
        const child = spawn(process.execPath, [file, ...args], {
          env: {
            PATH: process.env["PATH"] ?? "",
            NODE_COMPILE_CACHE: compiledOf(file),
            ...besides(env),
            ...env
          },
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
      /** Done when the process has written this to stderr, or has ended. */
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

export const run = (...of: Parameters<typeof start>) => Effect.scoped(Effect.flatMap(start(...of), ({ end }) => end))

/** Settings for all batches of a simulator. */
export const settings = (simulator: Simulator.Running, output: string) => ({
  GT_STUDIO_API_KEY: simulator.apiKey,
  GT_STUDIO_BASE_URL: simulator.apiUrl,
  GT_STUDIO_PROJECT_ID: simulator.projectId,
  GT_STUDIO_BATCH_ID: simulator.batches.map(({ id }) => id).join(","),
  LABELSTREAM_OUTPUT: output
})

/** A folder that is gone with the scope. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "labelstream-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)
