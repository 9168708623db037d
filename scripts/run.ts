/**
 * Runs a program of this workspace for an npm script, as `node PROGRAM` would, and stops it when npm is gone. npm passes on
 * SIGINT and SIGTERM, but SIGHUP and SIGKILL end npm alone. The script must `exec` this, so that no shell is in between.
 */
import { join, resolve } from "node:path"

/** Milliseconds between two checks for npm. */
const every = 250

const [node = "", , program = "", ...args] = process.argv
const file = resolve(join(import.meta.dirname, ".."), program)
process.argv = [node, file, ...args]

const npm = process.ppid
const watch = setInterval(() => {
  if (process.ppid === npm) return
  clearInterval(watch)
  process.kill(process.pid, "SIGTERM")
}, every)
watch.unref()

await import(file)
