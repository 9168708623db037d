import { type ChildProcess, fork } from "node:child_process"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const published = pathToFileURL(join(import.meta.dirname, "published.js")).href

/** Starts a module of this folder as its own process, which loads the project's packages as they are published. */
export const start = (module: string, args: ReadonlyArray<string>, flags: ReadonlyArray<string> = []): ChildProcess =>
  fork(join(import.meta.dirname, `${module}.js`), args, { execArgv: ["--import", published, ...flags] })
