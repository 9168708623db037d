/**
 * Lets one process at a time write into an output folder. The lock file names its owner; the lock of a process that has
 * died is no obstacle. Processes of another machine or container cannot be looked at, so the owner also touches the file
 * every 15 seconds, and a foreign lock counts as left behind when it has not been touched for two minutes.
 */
import { randomUUID } from "node:crypto"
import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"
import { Problem } from "./Failure.ts"
import { codeOf, lstatOrNone, type Operations, withFile, writeFully, writeNew } from "./Files.ts"

/** How often the owner touches its lock, in milliseconds. */
export const touchEvery = 15_000

/** What is locked. */
export interface Place {
  readonly fs: Operations
  /** The folder that is written to, for people. */
  readonly output: string
  /** The lock's path, in a folder that is there. */
  readonly lock: string
}

const leftBehindAfter = 120_000

interface Owner {
  readonly pid: number
  readonly host: string
  /** The set of processes that the pid belongs to: containers on one host have their own. */
  readonly processes: string
  /** When the process started, as the system counts; tells a pid that was given to another process. */
  readonly started: string
}

/** A lock that is held. */
export interface Lock {
  readonly touch: () => Promise<void>
  /** Fails when another process has taken the lock over. */
  readonly confirm: () => Promise<void>
  readonly release: () => Promise<void>
}

/** Takes the lock, or fails with `conflict` where a live process holds it. */
export const acquire = async (place: Place): Promise<Lock> => {
  const { fs, lock } = place
  const own = `${lock}.${randomUUID()}`
  const text = Buffer.from(`${JSON.stringify(self())}\n`)
  try {
    await writeNew(fs, own, text)
    // A link appears with its content, so nobody ever reads a lock that is half written.
    while (!await linked(place, own)) await clear(place, own)
  } finally {
    await fs.unlink(own).catch(() => {})
  }
  const { ino } = await fs.lstat(lock).catch((error: unknown) =>
    fs.unlink(lock).catch(() => {}).then(() => Promise.reject(error))
  )
  const isOurs = async () => (await lstatOrNone(fs, lock))?.ino === ino
  return {
    touch: async () => {
      if (await isOurs()) await withFile(fs, lock, "r+", (fd) => writeFully(fs, fd, text, 0))
    },
    confirm: async () => {
      if (!await isOurs()) throw new Problem("conflict", `the lock ${lock} was removed or taken by another process`)
    },
    release: async () => {
      if (await isOurs()) await fs.unlink(lock)
    }
  }
}

/** Fails with `conflict` where a live process holds the lock. Changes nothing. */
export const checkFree = async (place: Place): Promise<void> => {
  const holder = await read(place, place.lock)
  if (holder !== undefined && isHere(holder) && isAlive(holder)) throw held(place, holder)
}

const linked = async ({ fs, lock }: Place, own: string): Promise<boolean> => {
  try {
    await fs.link(own, lock)
    return true
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(codeOf(error) ?? "")) throw error
  }
  // No hard links here, as on exFAT.
  try {
    await fs.copyFile(own, lock, 1)
    return true
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false
    throw error
  }
}

/** Takes a lock out of the way that was left behind. */
const clear = async (place: Place, own: string): Promise<void> => {
  const { fs, lock } = place
  const holder = await read(place, lock)
  if (holder !== undefined && (isHere(holder) ? isAlive(holder) : !await isLeftBehind(place, own))) {
    throw held(place, holder)
  }
  const aside = `${own}.old`
  await fs.rename(lock, aside).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error
  })
  // Between reading and renaming, another process may have done the same and gone on to take the lock.
  const moved = await read(place, aside)
  if (JSON.stringify(moved) !== JSON.stringify(holder)) await fs.link(aside, lock).catch(() => {})
  await fs.unlink(aside).catch(() => {})
}

const read = async ({ fs }: Place, path: string): Promise<Owner | undefined> => {
  try {
    const bytes = Buffer.alloc(4096)
    const length = await withFile(fs, path, "r", (fd) => fs.read(fd, bytes, 0))
    const owner: unknown = JSON.parse(bytes.toString("utf8", 0, length))
    return typeof owner === "object" && owner !== null && "pid" in owner && Number.isSafeInteger(owner.pid)
      ? owner as Owner
      : undefined
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR" || error instanceof SyntaxError) return undefined
    throw error
  }
}

const held = ({ lock, output }: Place, owner: Owner): Problem =>
  new Problem(
    "conflict",
    owner.pid === process.pid && isHere(owner)
      ? `process ${owner.pid} on ${owner.host}, which is this one, is writing to ${output}: give each sink its own place`
      : `process ${owner.pid} on ${owner.host} is writing to ${output}: wait for it, or remove ${lock} if it is gone for certain`
  )

/** Compares two times of the same file system, since clocks of two machines differ. */
const isLeftBehind = async ({ fs, lock }: Place, own: string): Promise<boolean> => {
  const found = await lstatOrNone(fs, lock)
  return found === undefined || (await fs.lstat(own)).mtimeMs - found.mtimeMs > leftBehindAfter
}

const self = (): Owner => ({
  pid: process.pid,
  host: hostname(),
  processes: processes(),
  started: startOf(process.pid) ?? ""
})

const isHere = (owner: Owner): boolean => owner.host === hostname() && owner.processes === processes()

const isAlive = ({ pid, started }: Owner): boolean => {
  const start = startOf(pid)
  if (start !== undefined && started !== "") return start === started
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === "EPERM"
  }
}

/** Linux only: boot and process namespace. */
const processes = (): string => {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`
  } catch {
    return ""
  }
}

/** Linux only: the start of a process in ticks since boot; undefined where there is no such process. */
const startOf = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The second field, the name in brackets, may hold anything; the start is the 22nd.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return fields[0] === "Z" || fields[0] === "X" ? "ended" : fields[19]
  } catch {
    return undefined
  }
}
