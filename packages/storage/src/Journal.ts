/**
 * Changes a folder in atomic steps. Files are staged outside the readers' view. A commit writes its changes as an
 * intent, then renames files. After a crash, the next open completes the intent. A failure without a crash is undone,
 * and the staged files can be committed again.
 */
import type { JobSink } from "@labelstream/core/sink"
import { randomUUID } from "node:crypto"
import { basename, dirname, join } from "node:path"
import { Problem } from "./Failure.ts"
import { codeOf, ignoreMissing, syncDirectory } from "./Files.ts"
import { type Intent, readIntents, type Step, tokenHash, writeIntent } from "./internal/intent.ts"
import { carryOut, forget, keepReplaced, type Options, takeBack } from "./internal/publish.ts"
import * as Lock from "./Lock.ts"
import { type At, branchesOf, prepare, type Target } from "./Target.ts"

export type { Change, Step } from "./internal/intent.ts"
export type { Options } from "./internal/publish.ts"

/** A target that is locked for this process, and recovered. */
export interface Journal {
  /** The folder in which the files of a token are staged; the caller makes it, and syncs it before the commit. */
  readonly folderOf: (token: string) => string
  /** Drops what is staged under a token. */
  readonly drop: (token: string) => Promise<void>
  /** Makes changes, durably and as a whole. Fails with `unavailable` if a staged file has gone. */
  readonly commit: (token: string, steps: ReadonlyArray<Step>) => Promise<void>
  /** Ends what a failed commit has left. Nothing else may be changed before. */
  readonly settle: () => Promise<void>
  /** Fails with `conflict` if another process has taken the target over. */
  readonly confirm: () => Promise<void>
  /** Shows other machines that this process is alive. */
  readonly touch: () => Promise<void>
  /** Unlocks the target, and leaves nothing of the sink's own behind, unless there is something to be done later. */
  readonly release: () => Promise<void>
}

/** Locks a target and recovers it: first its unfinished commits, then what is the sink's own to recover. */
export const open = async <T extends Target>(
  target: T,
  options: Options,
  recoverSink: (target: T) => Promise<void>
): Promise<Journal> => {
  const lock = await prepareAndLock(target)
  try {
    await recover(target, options)
    await recoverSink(target)
  } catch (error) {
    await release(target, lock)
    throw error
  }
  return start(target, lock, options)
}

/** The paths that unfinished commits are about to change, relative to the output, with `/`. Changes nothing. */
export const pending = async (target: Target): Promise<ReadonlySet<string>> => {
  const intents = await readIntents(target, true)
  const changes = intents.flatMap(({ steps }) => steps.flat())
  return new Set(changes.map((change) => "put" in change ? change.at : "remove" in change ? change.remove : change.to))
}

/** Merges the branches that no writer has open, and removes them. `mergeBranches` returns how many jobs moved. */
export const merge = async <T extends Target>(
  at: At<T>,
  target: T,
  journal: Journal,
  openBranch: (branch: T) => Promise<Journal>,
  mergeBranches: (branches: ReadonlyArray<T>, journal: Journal) => Promise<number>
): Promise<JobSink.Merged> => {
  const { fs, staging, writers } = target
  const opened: Array<{ readonly branch: T; readonly journal: Journal }> = []
  const stillOpen: Array<string> = []
  let merged: number
  try {
    for (const branch of await branchesOf(at, target)) {
      try {
        opened.push({ branch, journal: await openBranch(branch) })
      } catch (error) {
        if (!(error instanceof Problem) || error.reason !== "conflict") throw error
        stillOpen.push(basename(branch.output))
      }
    }
    merged = await mergeBranches(opened.map(({ branch }) => branch), {
      ...journal,
      commit: async (token, steps) => {
        await journal.commit(token, steps)
        for (const held of [journal, ...opened.map(({ journal }) => journal)]) await held.touch()
      }
    })
    await journal.confirm()
    for (const { branch, journal } of opened) {
      await journal.confirm()
      // By one rename, so that readers never find half of it.
      const aside = join(staging, `branch-${basename(branch.output)}`)
      await fs.rename(branch.output, aside)
      await syncDirectory(fs, writers)
      await fs.remove(aside)
    }
  } finally {
    for (const { journal } of opened) await journal.release().catch(() => {})
  }
  await fs.rmdir(writers).catch(() => {})
  return { merged, stillOpen }
}

/**
 * Takes a branch away from a writer that is gone, while the target is locked. The branch moves to another name: should the
 * writer come back in the middle of a commit, it finds none of its files.
 */
export const takeOver = async ({ fs, lock, main, output }: Target): Promise<void> => {
  if (main === undefined) return
  await fs.unlink(lock).catch(ignoreMissing)
  await fs.rename(output, join(main.writers, `taken-${randomUUID()}`)).catch(ignoreMissing)
  await syncDirectory(fs, main.writers)
}

/**
 * Milliseconds after a lock was confirmed, in which no other process takes over what it protects: others leave a lock alone
 * for much longer, and a process that frees a lock waits for this long.
 */
export const confirmedFor = 5000

const start = (target: Target, lock: Lock.Lock, options: Options): Journal => {
  const { fs, staging } = target
  let confirmedAt = -confirmedFor
  const confirm = async () => {
    const now = performance.now()
    await lock.confirm()
    confirmedAt = now
  }
  /** In the middle of a commit: a process that was frozen there may have lost the target. */
  const confirmLater = () => performance.now() - confirmedAt > confirmedFor ? confirm() : undefined
  let sequence = 0
  // An intent that is still on disk although its commit has ended: nothing else is published before it is gone.
  let left: { readonly intent: Intent; readonly isDone: boolean } | undefined
  const settle = async () => {
    if (left === undefined) return
    // Another process that took the target over has dealt with the intent: undoing it now would undo later commits.
    await confirm()
    await (left.isDone ? forget(target, left.intent) : takeBack(target, left.intent, options))
    left = undefined
  }
  const folderOf = (token: string) => join(staging, tokenHash(token))
  return {
    ...lock,
    confirm,
    settle,
    folderOf,
    drop: (token) => fs.remove(folderOf(token)),
    release: () => release(target, lock),
    commit: async (token, wanted) => {
      await settle()
      const hash = tokenHash(token)
      const paths = new Set(wanted.flat().flatMap((change) => "append" in change ? [change.to] : []))
      const files: Array<Intent["files"][number]> = []
      for (const path of paths) files.push({ path, size: await sizeOf(target, path) })
      const steps = await keepReplaced(target, hash, wanted, options)
      // What came before can take long.
      await confirm()
      const intent: Intent = { version: 2, token: hash, sequence: sequence++, files, steps }
      left = { intent, isDone: false }
      try {
        await writeIntent(target, intent)
        await carryOut(target, intent, options, confirmLater)
      } catch (error) {
        // Where another process has taken over, that is the reason, whatever was found gone.
        await confirm()
        // What cannot be taken back now is taken back before the next step, or carried out at the next `open`.
        await settle().catch(() => {})
        throw error
      }
      left = { intent, isDone: true }
      await forget(target, intent).then(() => left = undefined, () => {})
    }
  }
}

/** Size of a file that may not be there yet. Fails if it is not a plain file: it would be written through. */
const sizeOf = async ({ fs, output }: Target, path: string): Promise<number> => {
  const found = await fs.find(join(output, path))
  if (found !== undefined && !found.isFile()) {
    throw new Problem("conflict", `${join(output, path)} is not a plain file: move it out of the way`)
  }
  return found?.size ?? 0
}

/** Does the rest of a commit that was cut off, and drops everything that no commit spoke for. */
const recover = async (target: Target, options: Options): Promise<void> => {
  const { fs, hidden, intents, replaced, staging } = target
  for (const intent of await readIntents(target)) {
    await carryOut(target, intent, options)
    await forget(target, intent)
  }
  await syncDirectory(fs, intents)
  for (const folder of [staging, replaced, intents]) {
    for (const name of await fs.readdir(folder)) await fs.remove(join(folder, name))
  }
  for (const name of await fs.readdir(hidden)) if (name.startsWith("lock.")) await fs.remove(join(hidden, name))
}

/** Another process may remove the folders before the lock is held: they are made twice, and those of a branch retried. */
const prepareAndLock = async (target: Target): Promise<Lock.Lock> => {
  for (let tries = 1;; tries++) {
    try {
      await prepare(target)
      const lock = await Lock.acquire(target)
      await prepare(target).catch((error: unknown) => lock.release().catch(() => {}).then(() => Promise.reject(error)))
      return lock
    } catch (error) {
      if (target.main === undefined || codeOf(error) !== "ENOENT" || tries === 10) throw error
    }
  }
}

const release = async ({ fs, hidden, main, output, own }: Target, lock: Lock.Lock): Promise<void> => {
  // Should any of this fail, the next process that locks the target does it.
  const quietly = (work: Promise<unknown>) => work.then(() => {}, () => {})
  if (!await lock.confirm().then(() => true, () => false)) return
  for (const folder of own) await quietly(fs.rmdir(folder))
  await quietly(lock.release())
  const around = main === undefined ? [] : [output, dirname(output), main.hidden]
  for (const folder of [hidden, ...around]) await quietly(fs.rmdir(folder))
}
