/**
 * Carries an intent out, or takes it back. What is staged stays there until the commit is done with, and so does what was
 * replaced: both directions can be run again after having been cut off at any point, and one after the other.
 */
import { Failure, Files } from "@labelstream/files"
import { constants } from "node:fs"
import { dirname, join } from "node:path"
import type { Fs } from "./fs.ts"
import { type Intent, removeIntent } from "./intent.ts"
import { ensureFolder, type Place } from "./place.ts"

/** Gives what a commit is going to replace a second name, so that it can be put back. Before the intent is written. */
export const keepReplaced = async ({ fs, output, replaced }: Place, { steps, token }: Intent): Promise<void> => {
  const folder = join(replaced, token)
  try {
    await fs.remove(folder)
    await fs.mkdir(folder)
    for (const { from, isNew, to } of steps) if (!isNew) await copy(fs, join(output, to), join(folder, from))
  } catch (error) {
    // A copy that was cut off must never be put back.
    await fs.remove(folder).catch(() => {})
    throw error
  }
}

/**
 * Publishes what an intent says, durably: each file appears under its name, or replaces the one there, by a rename. A
 * staged file that has gone fails the whole; after a crash (`salvage`) it was published before.
 */
export const carryOut = async (place: Place, { steps, token }: Intent, salvage = false): Promise<void> => {
  const { fs, output, staging } = place
  for (const folder of new Set(steps.map(({ to }) => dirname(to)))) {
    if (await ensureFolder(fs, join(output, dirname(folder)))) await Files.syncDirectory(fs, output)
    if (await ensureFolder(fs, join(output, folder))) await Files.syncDirectory(fs, join(output, dirname(folder)))
  }
  for (const { from, size, to } of steps) {
    const staged = join(staging, token, from)
    if ((await Files.lstatOrNone(fs, staged))?.size === size) await put(place, staged, join(output, to))
    else if (!salvage) {
      throw new Failure.Problem("unavailable", `what was staged in ${staging} has gone: leave that folder to the sink`)
    }
  }
  await syncFolders(place, steps)
}

/** Takes back what was done of an intent that nobody was told of, in the opposite order. */
export const takeBack = async (place: Place, intent: Intent): Promise<void> => {
  const { fs, output, replaced } = place
  const { steps, token } = intent
  for (const { from, isNew, to } of [...steps].reverse()) {
    if (isNew) await fs.remove(join(output, to))
    else {
      const old = join(replaced, token, from)
      if (await Files.lstatOrNone(fs, old) !== undefined) await put(place, old, join(output, to))
    }
  }
  await syncFolders(place, steps)
  for (const folder of new Set(steps.map(({ to }) => dirname(to)))) {
    await fs.rmdir(join(output, folder)).catch(() => {})
    await fs.rmdir(join(output, dirname(folder))).catch(() => {})
  }
  await removeIntent(place, intent)
  await Files.syncDirectory(fs, place.intents)
  await fs.remove(join(replaced, token))
}

/** Forgets an intent that is done, with everything that it was kept for. */
export const forget = async (place: Place, intent: Intent): Promise<void> => {
  await removeIntent(place, intent)
  await place.fs.remove(join(place.staging, intent.token))
  await place.fs.remove(join(place.replaced, intent.token))
}

const syncFolders = async ({ fs, output }: Place, steps: Intent["steps"]): Promise<void> => {
  for (const folder of new Set(steps.map(({ to }) => dirname(to)))) {
    if (await Files.lstatOrNone(fs, join(output, folder)) !== undefined) {
      await Files.syncDirectory(fs, join(output, folder))
    }
  }
}

/**
 * Puts a file under another name as well, over whatever has that name. Its copy stands in the staging folder until it is
 * renamed: readers take every file in a table's folder for data, whatever its name.
 */
const put = async ({ fs, staging }: Place, from: string, to: string): Promise<void> => {
  const second = join(staging, "published.new")
  await fs.remove(second)
  await copy(fs, from, second)
  await fs.rename(second, to)
  // A rename over another name of the same file does nothing.
  await fs.remove(second)
}

/** Gives a file a second name, or copies it where that is not possible. */
export const copy = (fs: Fs, from: string, to: string): Promise<void> =>
  fs.link(from, to).catch(async (error: unknown) => {
    if (!notLinkable.has(Files.codeOf(error) ?? "")) throw error
    await fs.copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    await syncFile(fs, to)
  })

const syncFile = async (fs: Fs, path: string): Promise<void> => {
  const fd = await fs.open(path, "r+")
  try {
    await fs.fsync(fd)
  } finally {
    await fs.close(fd)
  }
}

const notLinkable = new Set(["EXDEV", "EPERM", "EACCES", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"])
