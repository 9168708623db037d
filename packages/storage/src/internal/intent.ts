/**
 * What a commit is about to do, written down and synced before it does any of it. A crash in the middle leaves the intent
 * behind; the next open then does the rest of it, so that a batch is published as a whole or not at all.
 */
import { createHash } from "node:crypto"
import { join } from "node:path"
import { Problem } from "../Failure.ts"
import { namesIn, readAll, syncDirectory, writeNew } from "../Files.ts"
import type { Fs } from "../Fs.ts"
import type { Target } from "../Target.ts"

/** One change of the target. Paths are relative and have `/` between their names. */
export type Change =
  /**
   * Moves a file to its place, over what is there. `put` is its name in the staging folder of the token, or its path in
   * `hidden`, under `staging` or `writers`.
   */
  | { readonly put: string; readonly at: string; readonly size: number; readonly isNew: boolean }
  /** Removes a file, and its folder with the last one. */
  | { readonly remove: string }
  /** Appends a line to a file, when all steps have put and removed theirs. */
  | { readonly append: string; readonly to: string }

/** Changes that belong together, in their order: if the last file has gone after a crash, the step appends no line. */
export type Step = ReadonlyArray<Change>

/** A commit to be done, or to be done again from wherever it was cut off: every part of it can be repeated. */
export interface Intent {
  readonly version: 2
  /** Hash of the commit's token: names its folders. */
  readonly token: string
  /** Counts the commits of one process. */
  readonly sequence: number
  /** The files to append to, and their sizes before. */
  readonly files: ReadonlyArray<{ readonly path: string; readonly size: number }>
  readonly steps: ReadonlyArray<Step>
}

/** Tokens may hold anything: their hash names files. */
export const tokenHash = (token: string): string => createHash("sha256").update(token).digest("hex").slice(0, 32)

/**
 * Writes an intent durably. Syncing the folder also makes durable that the intents of earlier commits are gone: none of
 * them can come back after a crash and undo what was committed since.
 */
export const writeIntent = async ({ fs, intents }: Target, intent: Intent): Promise<void> => {
  const path = join(intents, intent.token)
  await fs.remove(path)
  await writeNew(fs, path, Buffer.from(JSON.stringify(intent)))
  await fs.rename(path, `${path}.json`)
  await syncDirectory(fs, intents)
}

/** The intents that were left behind, in order of their commits. With `skip`, those that cannot be read are left out. */
export const readIntents = async ({ fs, intents }: Target, skip = false): Promise<ReadonlyArray<Intent>> => {
  const found: Array<Intent> = []
  for (const name of await (skip ? namesIn(fs, intents) : fs.readdir(intents))) {
    // What has no ending was not written whole.
    if (!name.endsWith(".json")) continue
    await read(fs, join(intents, name)).then((intent) => found.push(intent), (error: unknown) => {
      if (!skip) throw error
    })
  }
  return found.sort((a, b) => a.sequence - b.sequence)
}

const read = async (fs: Fs, path: string): Promise<Intent> => {
  const text = (await readAll(fs, path)).toString("utf8")
  try {
    const intent = JSON.parse(text) as Intent
    const { files, steps, token, version } = intent
    const isKnown = version === 2 && /^[0-9a-f]{32}$/.test(token)
    if (isKnown && steps.flat().every(isSound) && files.every(isFile)) return intent
  } catch {
    // Said below.
  }
  throw new Problem("corrupt", `${path}, left behind by a commit that was cut off, is damaged or of a newer version`)
}

/** No change may lead out of the folder, whatever the intent says. */
const isSound = (change: Change): boolean => {
  if ("remove" in change) return isPath(change.remove)
  if ("append" in change) return isPath(change.to) && !change.append.includes("\n")
  return isPath(change.at) && isPath(change.put) &&
    (!change.put.includes("/") || /^(writers|staging)\//.test(change.put))
}

const isFile = ({ path, size }: Intent["files"][number]): boolean => isPath(path) && Number.isSafeInteger(size)

/** Any name of a file may come, but none that leads elsewhere on some system. */
const isPath = (path: string): boolean =>
  path.split("/").every((name) => !/^\.{0,2}$/.test(name) && !/[\p{Cc}"*:<>?\\|]/u.test(name))
