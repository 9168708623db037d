/**
 * Carries an intent out, or takes it back. Both look at what is there and do only what is missing, so each can be run
 * again after having been cut off at any point, and one after the other.
 */
import { posix } from "node:path"
import { Problem } from "../Failure.ts"
import { copy, forEachLimit, ignoreMissing, link, syncDirectory, withFile, writeFully } from "../Files.ts"
import { codeOf, type Fs } from "../Fs.ts"
import { ensureFolder, type Target } from "../Target.ts"
import type { Change, Intent, Step } from "./intent.ts"

/** How a sink's changes are carried out. */
export interface Options {
  /** Steps that run at the same time; with 1, readers see them in order. */
  readonly atOnce: number
  /** The first line, newline included, of files that lines are appended to. */
  readonly head?: string
}

/** Paths are put together as text: every part is a plain name, and joining costs more than renaming. */
const pathsOf = ({ hidden, output, replaced, staging }: Target, token: string) => ({
  staged: (put: string) => put.includes("/") ? `${hidden}/${put}` : `${staging}/${token}/${put}`,
  final: (path: string) => path === "." ? output : `${output}/${path}`,
  replaced: (step: number, change: number) => `${replaced}/${token}/${step}.${change}`
})

/** Whether a commit keeps what it replaces. */
export const isReplacing = (steps: ReadonlyArray<Step>): boolean => steps.some((step) => step.some(replaces))

const replaces = (change: Change): boolean => "remove" in change || "put" in change && !change.isNew

/**
 * Gives what a commit is going to replace a second name, so that it can be put back. Returns the steps with the changes
 * that there is something to do for. Before the intent is written.
 */
export const keepReplaced = async (
  target: Target,
  token: string,
  steps: ReadonlyArray<Step>,
  { atOnce }: Options
): Promise<ReadonlyArray<Step>> => {
  if (!isReplacing(steps)) return steps
  const { fs } = target
  const { final, replaced } = pathsOf(target, token)
  const folder = `${target.replaced}/${token}`
  const kept: Array<Step> = []
  let made: Promise<void> | undefined
  try {
    await forEachLimit(steps, atOnce, async (step, index) => {
      const changes: Array<Change> = []
      for (const change of step) {
        const path = "remove" in change ? final(change.remove) : "put" in change ? final(change.at) : undefined
        if (path === undefined || !replaces(change)) {
          changes.push(change)
          continue
        }
        const found = await fs.find(path)
        if (found?.isFile() === true) {
          await (made ??= fs.remove(folder).then(() => fs.mkdir(folder)))
          await copy(fs, path, replaced(index, changes.length))
          changes.push(change)
        } else if ("put" in change) {
          if (found !== undefined) throw new Problem("conflict", `${path} is not a file: move it out of the way`)
          changes.push({ ...change, isNew: true })
        }
      }
      kept[index] = changes
    })
  } catch (error) {
    // A copy that was cut off must never be put back.
    await fs.remove(folder).catch(() => {})
    throw error
  }
  return kept
}

/**
 * Carries out the changes of an intent, durably: first the files, then the lines about them. A missing staged file fails the
 * whole commit. After a crash (without `confirm`), its step appends no line instead, because the commit was not acknowledged.
 * A file that is missing from a branch is then missing from the target. `confirm` fails if another process has taken the
 * target over and done the rest.
 */
export const carryOut = async (
  target: Target,
  intent: Intent,
  options: Options,
  confirm?: () => Promise<void> | undefined
): Promise<void> => {
  const { fs } = target
  const isLate = confirm === undefined
  const { files, steps, token } = intent
  const { final, staged } = pathsOf(target, token)
  const changed = await makeFolders(target, intent, options, isLate)
  const lost = new Set<Step>()
  await forEachLimit(steps, options.atOnce, async (step) => {
    const confirming = confirm?.()
    if (confirming !== undefined) await confirming
    for (const change of step) {
      if ("remove" in change) await fs.unlink(final(change.remove)).catch(ignoreMissing)
      if (!("put" in change)) continue
      const { at, put, size } = change
      const isThere = await fs.rename(staged(put), final(at)).then(() => true, async (error: unknown) => {
        ignoreMissing(error)
        return (await fs.find(final(at)))?.size === size
      })
      if (isThere || put.startsWith("writers/")) lost.delete(step)
      else if (isLate) lost.add(step)
      else {
        const { staging } = target
        throw new Problem("unavailable", `what was staged in ${staging} has gone: leave that folder to the sink`)
      }
    }
  })
  for (const folder of emptied(steps)) {
    if (await removeEmpty(fs, final(folder))) changed.delete(folder)
    changed.add(posix.dirname(folder))
  }
  // From above: no file may be durable in a folder that is not, and nowhere else.
  await forEachDepth(changed, options.atOnce, (folder) => syncDirectory(fs, final(folder)))
  for (const { path, size } of files) {
    const lines: Array<string> = []
    for (const step of steps) {
      for (const change of step) {
        if ("append" in change && change.to === path && !lost.has(step)) lines.push(`${change.append}\n`)
      }
    }
    const text = (size === 0 ? options.head ?? "" : "") + lines.join("")
    await confirm?.()
    const isNew = await appendAt(fs, final(path), size, text, isLate)
    if (isNew || isLate) await syncDirectory(fs, final(posix.dirname(path)))
  }
}

/** Undoes an intent that was not acknowledged: staged files are staged again. */
export const takeBack = async (target: Target, intent: Intent, { atOnce }: Options): Promise<void> => {
  const { fs } = target
  const { files, steps, token } = intent
  const { final, replaced, staged } = pathsOf(target, token)
  const isThere = async (path: string) => await fs.find(path) !== undefined
  for (const { path, size } of files) await cutAt(fs, final(path), size)
  for (const folder of emptied(steps)) await ensureFolder(fs, final(folder))
  await forEachLimit([...steps.entries()].reverse(), atOnce, async ([number, step]) => {
    for (const [index, change] of [...step.entries()].reverse()) {
      const old = replaced(number, index)
      if ("remove" in change) await fs.rename(old, final(change.remove)).catch(ignoreMissing)
      if (!("put" in change)) continue
      const [from, to] = [staged(change.put), final(change.at)]
      if (change.isNew) {
        if (!await isThere(from)) await fs.rename(to, from).catch(ignoreMissing)
      } else if (await isThere(old)) {
        // Readers find the new file until they find the old one, if it can have two names.
        if (!await isThere(from) && await isThere(to) && !await link(fs, to, from)) await fs.rename(to, from)
        await fs.rename(old, to)
      }
    }
  })
  for (const folder of [".", ...foldersOf(intent), ...emptied(steps)].reverse()) {
    if (folder === "." || !await removeEmpty(fs, final(folder))) await syncDirectory(fs, final(folder))
  }
  await fs.unlink(`${target.intents}/${token}.json`).catch(ignoreMissing)
  await syncDirectory(fs, target.intents)
  await fs.remove(`${target.replaced}/${token}`)
}

/** Forgets an intent that is done, with everything that it was kept for. */
export const forget = async ({ fs, intents, replaced, staging }: Target, { steps, token }: Intent): Promise<void> => {
  await fs.unlink(`${intents}/${token}.json`).catch(ignoreMissing)
  await fs.remove(`${staging}/${token}`)
  if (isReplacing(steps)) await fs.remove(`${replaced}/${token}`)
}

/** Makes the folders that an intent needs. Returns the folders in which names have changed, or will. */
const makeFolders = async (target: Target, intent: Intent, { atOnce }: Options, isLate: boolean) => {
  const changed = new Set<string>()
  await forEachDepth(foldersOf(intent), atOnce, async (folder) => {
    // A folder that a killed process made need not be durable.
    if (await ensureFolder(target.fs, `${target.output}/${folder}`) || isLate) changed.add(posix.dirname(folder))
  })
  for (const change of intent.steps.flat()) {
    if ("put" in change) changed.add(posix.dirname(change.at))
    if ("remove" in change) changed.add(posix.dirname(change.remove))
  }
  return changed
}

/** Folders under the output of everything that is put or appended to, those that hold others first. */
const foldersOf = ({ files, steps }: Intent): ReadonlySet<string> => {
  const folders = new Set<string>()
  const add = (path: string) => {
    const folder = posix.dirname(path)
    if (folder === "." || folders.has(folder)) return
    add(folder)
    folders.add(folder)
  }
  for (const change of steps.flat()) if ("put" in change) add(change.at)
  for (const { path } of files) add(path)
  return folders
}

/** Folders that are empty if a commit has removed their last file. */
const emptied = (steps: ReadonlyArray<Step>): ReadonlySet<string> =>
  new Set(steps.flat().flatMap((change) => "remove" in change ? [posix.dirname(change.remove)] : []))

/** Removes a folder unless there is something in it. Returns whether no folder is there. */
const removeEmpty = (fs: Fs, path: string): Promise<boolean> =>
  fs.rmdir(path).then(() => true, (error: unknown) => {
    if (codeOf(error) === "ENOTEMPTY" || codeOf(error) === "EEXIST") return false
    // Something else, such as a link, that kept the commit from making a folder.
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return true
    throw error
  })

/** Runs over paths, parents before children. */
const forEachDepth = async (paths: Iterable<string>, atOnce: number, each: (path: string) => Promise<unknown>) => {
  const levels: Array<Array<string>> = []
  for (const path of paths) (levels[path === "." ? 0 : path.split("/").length] ??= []).push(path)
  for (const level of levels) await forEachLimit(level ?? [], atOnce, async (path) => void await each(path))
}

/**
 * Makes a text be at `size`, and syncs. What an earlier attempt has left there goes, if this one `isRepeated`; else
 * another process has written it. Returns whether the file is new.
 */
const appendAt = async (fs: Fs, path: string, size: number, text: string, isRepeated: boolean): Promise<boolean> => {
  const isNew = await fs.find(path) === undefined
  await withFile(fs, path, isNew ? "wx+" : "r+", async (fd) => {
    if (!isNew && (await fs.fstat(fd)).size > size) {
      if (!isRepeated) throw new Problem("conflict", `another process writes to ${path}`)
      await fs.ftruncate(fd, size)
    }
    await writeFully(fs, fd, Buffer.from(text), size)
    await fs.fsync(fd)
  })
  return isNew
}

/** Cuts a file back to `size`. */
const cutAt = async (fs: Fs, path: string, size: number): Promise<void> => {
  if (size === 0) await fs.unlink(path).catch(ignoreMissing)
  else if (await fs.find(path) !== undefined) await appendAt(fs, path, size, "", true)
}
