/** Runs commands one after the other, each as if the process were its own, and reports how each ended. */
import { main } from "../../src/internal/main.ts"

/** How a command has ended. */
export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandLine {
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

const output = { stdout: "", stderr: "" }
for (const on of ["stdout", "stderr"] as const) {
  process[on].write = (text: string | Uint8Array, ...rest: ReadonlyArray<unknown>) => {
    output[on] += typeof text === "string" ? text : Buffer.from(text).toString()
    const done = rest.at(-1)
    if (typeof done === "function") done()
    return true
  }
}

const status = () => Number(process.exitCode ?? 0)

const run = async ({ args, cwd, env }: CommandLine): Promise<Ended> => {
  process.argv = [process.execPath, "labelstream", ...args]
  process.chdir(cwd)
  // Each on its own: another object would not be the system's.
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, env)
  process.exitCode = undefined
  output.stdout = output.stderr = ""
  await main({ isSealed: false })
  return { status: status(), ...output }
}

process.on("message", (line: CommandLine) => void run(line).then((ended) => process.send?.(ended)))
