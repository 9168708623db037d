/**
 * The folder within the spool's directory that one process writes to. Its name says who made it, so that a later start
 * can say what a dead process left from what a living one still needs.
 */
import type { Content } from "@labelstream/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { hash } from "node:crypto"
import { lstat, mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { contentError } from "./contents.ts"
import { makeFolder } from "./folder.ts"

// Folders of other machines and containers are judged by age alone: their process ids mean nothing here.
const foreignAge = 24 * 60 * 60 * 1000

const folderName = /^spool-([0-9a-f]{12})-(\d+)-(\d+)-/

/** Within which process ids are comparable: the machine, and on Linux the container. */
const place = async (): Promise<string> => {
  const namespace = await readlink("/proc/self/ns/pid").catch(() => "")
  return hash("sha256", `${hostname()} ${namespace}`).slice(0, 12)
}

/** When a process was started, as Linux counts it, so that a process id used again is not taken for its predecessor. */
const startOf = async (pid: number): Promise<string> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")
  // The second field is the program's name in parentheses and may hold blanks; the start is the 22nd of all.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "0"
}

const isAlive = async (pid: number, start: string): Promise<boolean> => {
  try {
    process.kill(pid, 0)
  } catch (cause) {
    // Any other refusal means that it is there and not ours to signal.
    return (cause as NodeJS.ErrnoException).code !== "ESRCH"
  }
  const now = await startOf(pid)
  return now === start || now === "0" || start === "0"
}

/** `now` is a time of the file system's clock, which on a network is not this machine's. */
const isLeftover = async (path: string, name: string, here: string, now: number): Promise<boolean> => {
  const [, where, pid, start] = folderName.exec(name) ?? []
  if (where === undefined || pid === undefined || start === undefined) return false
  if (where === here) return !await isAlive(Number(pid), start)
  const { mtimeMs } = await lstat(path)
  return now - mtimeMs > foreignAge
}

const removeLeftovers = async (directory: string, here: string, now: number): Promise<void> => {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    const path = join(directory, entry.name)
    // Another start may be removing the same folder at this moment.
    const leftover = await isLeftover(path, entry.name, here, now).catch(() => false)
    if (leftover) await rm(path, { recursive: true, force: true }).catch(() => {})
  }
}

const make = async (directory: string): Promise<string> => {
  await makeFolder(directory, 0o700)
  const here = await place()
  const own = await mkdtemp(join(directory, `spool-${here}-${process.pid}-${await startOf(process.pid)}-`))
  await removeLeftovers(directory, here, (await lstat(own)).mtimeMs)
  return own
}

/** Makes this process's folder after removing those of dead processes. The scope removes it with everything in it. */
export const claim = (directory: string): Effect.Effect<string, Content.ContentError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({ try: () => make(directory), catch: contentError("write") }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }).catch(() => {}))
  )
