/**
 * Lets one process at a time write into an output folder. The lock file names its owner and holds a nonce, which
 * identifies the lock, because inode numbers are reused. The lock of a dead process does not block. Processes of
 * another machine or container cannot be observed, so the owner also touches the file every 15 seconds. A foreign or
 * unreadable lock counts as stale 2 minutes after its last touch.
 */
import { randomUUID } from "node:crypto"
import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"
import { Problem } from "./Failure.ts"
import { codeOf, ignoreMissing, link, withFile, writeFully, writeNew } from "./Files.ts"
import type { Fs } from "./Fs.ts"

/** How often the owner touches its lock, in milliseconds. */
export const touchEvery = 15_000

/** What is locked. */
export interface Location {
  readonly fs: Fs
  /** The folder that is written to, for people. */
  readonly output: string
  /** The lock's path, in a folder that is there. */
  readonly lock: string
}

/** Milliseconds without a touch after which a lock without a readable owner is free. */
export const leftBehindAfter = 120_000

interface Owner {
  /** Made for one acquisition. */
  readonly nonce: string
  readonly pid: number
  readonly host: string
  /** The set of processes that the pid belongs to: containers on one host have their own. */
  readonly processes: string
  /** When the process started, as the system counts: detects a pid that was given to another process. */
  readonly started: string
}

/** A lock that is held. */
export interface Lock {
  readonly touch: () => Promise<void>
  /** Fails with `conflict` if another process has taken the lock over. */
  readonly confirm: () => Promise<void>
  /** Removes the lock unless another process has taken it over. */
  readonly release: () => Promise<void>
}

/** Acquires the lock. Fails with `conflict` if another process holds it. */
export const acquire = async (location: Location): Promise<Lock> => {
  const { fs, lock } = location
  const nonce = randomUUID()
  const own = `${lock}.${nonce}`
  const text = `${JSON.stringify({ nonce, ...self() })}\n`
  try {
    await writeNew(fs, own, Buffer.from(text))
    while (!await put(location, own, text)) await clear(location, own)
  } finally {
    await fs.unlink(own).catch(() => {})
  }
  const isOurs = async () => ownerOf(await textAt(fs, lock))?.nonce === nonce
  return {
    // By one descriptor: the lock of another process that takes over meanwhile is a different file.
    touch: () =>
      withFile(fs, lock, "r+", async (fd) => {
        if (ownerOf(await textIn(fs, fd))?.nonce === nonce) await writeFully(fs, fd, Buffer.from(text), 0)
      }).catch(ignoreMissing),
    confirm: async () => {
      if (!await isOurs()) throw new Problem("conflict", `the lock ${lock} was removed or taken by another process`)
    },
    release: async () => {
      if (await isOurs()) await fs.unlink(lock)
    }
  }
}

/** Fails with `conflict` if a live process on this machine holds the lock. Changes nothing. */
export const checkFree = async (location: Location): Promise<void> => {
  const holder = ownerOf(await textAt(location.fs, location.lock))
  if (holder !== undefined && isHere(holder) && isAlive(holder)) throw held(location, holder)
}

/** Names this process, unlike any other process of any machine. Outside of Linux, only its host and process id name it. */
export const identity = (): string => identityOf(self())

/**
 * Takes a lock away from a process that is known to be gone: one whose `identity` is in `gone`. Returns whether it had the
 * lock.
 */
export const free = async (location: Location, gone: ReadonlySet<string>): Promise<boolean> => {
  const text = await textAt(location.fs, location.lock)
  const owner = ownerOf(text)
  if (text === undefined || owner === undefined || !gone.has(identityOf(owner))) return false
  await moveAside(location, `${location.lock}.${randomUUID()}`, text)
  return true
}

/** Names the process whose lock this is, for people; null if there is no lock. Does not say whether that process lives. */
export const holderOf = async ({ fs, lock }: Location): Promise<string | null> => {
  const text = await textAt(fs, lock)
  const owner = ownerOf(text)
  if (owner !== undefined) return `process ${owner.pid} on ${owner.host}`
  return text === undefined ? null : "a process"
}

/** Puts a lock in location unless there is one. A link appears with its content; elsewhere a lock is empty for a moment. */
const put = async ({ fs, lock }: Location, from: string, text: string): Promise<boolean> => {
  try {
    if (!await link(fs, from, lock)) await writeNew(fs, lock, Buffer.from(text))
    return true
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false
    throw error
  }
}

/** Takes a lock out of the way that was left behind. */
const clear = async (location: Location, own: string): Promise<void> => {
  const text = await textAt(location.fs, location.lock)
  if (text === undefined) return
  const holder = ownerOf(text)
  const isHeld = holder !== undefined && isHere(holder)
    ? isAlive(holder)
    : !(holder !== undefined && isBeforeRestart(holder)) && !await isLeftBehind(location, own)
  if (isHeld) throw held(location, holder)
  await moveAside(location, own, text)
}

/** Removes a lock with this text. */
const moveAside = async (location: Location, own: string, text: string): Promise<void> => {
  const { fs, lock } = location
  const aside = `${own}.old`
  await fs.rename(lock, aside).catch(ignoreMissing)
  // Between reading and renaming, another process may have cleared the same lock and put its own in location.
  const moved = await textAt(fs, aside)
  if (moved !== undefined && moved !== text) await put(location, aside, moved)
  await fs.unlink(aside).catch(() => {})
}

/** The content of a lock; undefined if there is none. */
const textAt = async (fs: Fs, path: string): Promise<string | undefined> => {
  try {
    return await withFile(fs, path, "r", (fd) => textIn(fs, fd))
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined
    throw error
  }
}

const textIn = async (fs: Fs, fd: number): Promise<string> => {
  const bytes = Buffer.alloc(4096)
  return bytes.toString("utf8", 0, await fs.read(fd, bytes, 0))
}

/** Undefined for what cannot be read, such as a lock that is being written. */
const ownerOf = (text = ""): Owner | undefined => {
  try {
    const owner: unknown = JSON.parse(text)
    return typeof owner === "object" && owner !== null && "pid" in owner && Number.isSafeInteger(owner.pid)
      ? owner as Owner
      : undefined
  } catch {
    return undefined
  }
}

const held = (location: Location, owner: Owner | undefined): Problem => new Problem("conflict", heldBy(location, owner))

const heldBy = ({ lock, output }: Location, owner: Owner | undefined): string => {
  if (owner === undefined) {
    return `the lock ${lock} cannot be read: run again in 2 minutes, or remove it if no process writes to ${output}`
  }
  const { host, pid } = owner
  return pid === process.pid && isHere(owner)
    ? `process ${pid} on ${host}, which is this one, is writing to ${output}: give each sink its own location`
    : `process ${pid} on ${host} is writing to ${output}: wait for it, or remove ${lock} if it is gone for certain`
}

/** Compares two times of the same file system, since clocks of two machines differ. */
const isLeftBehind = async ({ fs, lock }: Location, own: string): Promise<boolean> => {
  const found = await fs.find(lock)
  return found === undefined || (await fs.lstat(own)).mtimeMs - found.mtimeMs > leftBehindAfter
}

const identityOf = ({ host, pid, processes, started }: Omit<Owner, "nonce">): string =>
  [host, pid, processes, started].join(" ")

const self = (): Omit<Owner, "nonce"> => ({
  pid: process.pid,
  host: hostname(),
  processes: processes(),
  started: startOf(process.pid) ?? ""
})

const isHere = (owner: Owner): boolean => owner.host === hostname() && owner.processes === processes()

/** A container that starts again has its host name and process id, in another set of processes or from another time. */
const isBeforeRestart = ({ host, pid }: Owner): boolean => host === hostname() && pid === process.pid

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

/** Linux only: the start of a process in ticks since boot; undefined if there is no such process. */
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
