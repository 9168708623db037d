import { shellWord } from "./output/text.ts"

/** How this program was started, as a person types it. */
const program = (): string => {
  if (process.env["npm_lifecycle_event"] !== "labelstream") return "labelstream"
  const isPnpm = process.env["npm_config_user_agent"]?.startsWith("pnpm") === true
  return isPnpm ? "pnpm labelstream" : "npm run labelstream --"
}

/** The line that runs a command with these arguments. */
export const commandLine = (args: ReadonlyArray<string>): string => [program(), ...args.map(shellWord)].join(" ")

/** The line that was typed. */
export const again = (): string => commandLine(process.argv.slice(2))

/** Flags that a retry does not know, with whether a value follows. */
const notForRetry = new Map([
  ["--refresh", false],
  ["--repair", false],
  ["--follow", false],
  ["--no-follow", false],
  ["--interval", true],
  ["--job", true],
  ["--checked-before", true]
])

/** The line that was typed, with another command and without the flags that it does not know. */
export const other = (command: string, unknown: ReadonlyMap<string, boolean> = new Map()): string => {
  const [, ...args] = process.argv.slice(2)
  const kept: Array<string> = []
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ""
    const hasValue = unknown.get(arg.split("=")[0] ?? "")
    if (hasValue === undefined) kept.push(arg)
    else if (hasValue && !arg.includes("=")) at++
  }
  return commandLine([command, ...kept])
}

/** The line that was typed, but for the failed jobs. */
export const retry = (): string => other("retry", notForRetry)

/** The line that stops an export of the cluster that was typed. */
export const stop = (id: string): string => {
  const args = process.argv.slice(2)
  const at = args.findIndex((arg) => arg === "--cluster" || arg.startsWith("--cluster="))
  const flag = at < 0 ? [] : args[at] === "--cluster" ? args.slice(at, at + 2) : [args[at] ?? ""]
  return commandLine(["stop", ...flag, id])
}
