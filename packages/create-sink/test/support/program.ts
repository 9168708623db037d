import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a program has of this process: where programs are, where it finds its code compiled, and where its files go. */
const shared = Object.fromEntries(
  ["PATH", "NODE_COMPILE_CACHE", "TMPDIR"].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
)

/** Runs a program of Node in a folder. What it has started ends with it, also when this is interrupted. */
export const node = (cwd: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.callback<Ended>((resume) => {
    const child = spawn(process.execPath, args, {
      cwd,
      env: { ...shared, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true
    })
    const output = { stdout: "", stderr: "" }
    child.stdout.on("data", (chunk: Buffer) => output.stdout += chunk.toString())
    child.stderr.on("data", (chunk: Buffer) => output.stderr += chunk.toString())
    child.on("close", (status) => resume(Effect.succeed({ status, ...output })))
    return Effect.sync(() => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL")
    })
  })
