#!/usr/bin/env node
import { basename, relative } from "node:path"
import { create, CreateSinkError } from "./CreateSink.ts"

const usage = `Lays out the package of a new sink for Labelstream, or of a new dataset format, with its tests.

  npm create @labelstream/sink NAME
  npm create @labelstream/sink -- --format NAME

NAME is the name by which Labelstream finds it: lowercase letters, digits, and hyphens. The package is laid out as
packages/sink-NAME inside the Labelstream workspace, and elsewhere as labelstream-sink-NAME in the working directory.
`

const args = process.argv.slice(2)
const kind = args.includes("--format") ? "format" : "sink"
const [name, ...rest] = args.filter((arg) => arg !== "--format")
const hasPnpm = (process.env["npm_config_user_agent"] ?? "").startsWith("pnpm/")

const whatNext = ({ directory, home }: ReturnType<typeof create>): string => {
  const folder = relative(process.cwd(), directory)
  const client = hasPnpm ? "pnpm" : "npm"
  const lines = home === "alone"
    ? [`cd ${folder}`, `${client} install`, `${client} test`]
    : [hasPnpm ? "pnpm install" : "npx --yes pnpm@10 install", `npm run vitest -- ${basename(directory)}/test`]
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  if (major < 22 || major === 22 && minor < 19) {
    console.error(`Labelstream needs Node.js 22.19 or newer, and this is ${process.versions.node}.`)
  }
  return [
    `Created ${folder}. To test it with the ${kind === "format" ? "format kit" : "sink contract"}:`,
    "",
    ...lines.map((line) => `  ${line}`),
    ""
  ].join("\n")
}

if (name === "--help" || name === "-h") process.stdout.write(usage)
else if (name === undefined || rest.length > 0) {
  process.stderr.write(usage)
  process.exitCode = 1
} else {
  try {
    console.log(whatNext(create(name, process.cwd(), kind)))
  } catch (error) {
    if (!(error instanceof CreateSinkError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
