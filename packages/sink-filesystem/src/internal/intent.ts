/**
 * What a commit is about to do, written down and synced before it does any of it. A crash in the middle leaves the intent
 * behind; `open` then does the rest of it, so that a batch is published as a whole or not at all.
 */
import { JobSink } from "@labelstream/core"
import { Failure, Files } from "@labelstream/files"
import { createHash } from "node:crypto"
import { join } from "node:path"
import * as Manifest from "../Manifest.ts"
import * as PathName from "../PathName.ts"
import type { Fs } from "./fs.ts"
import type { Place } from "./place.ts"

/** One job of a commit. */
export interface Step {
  /** Folder of the batch under the output. */
  readonly folder: string
  /** Number of the job's files in the staging folder. */
  readonly number: number
  /** Whether the same bytes stand in place already, so that only the line is written. */
  readonly unchanged: boolean
  /** Whether nothing stands in its place. */
  readonly isNew: boolean
  readonly line: Manifest.Line
  /** The writer in whose part the files lie; absent where they are staged. */
  readonly writer?: string
}

/** A commit to be done, or to be done again from wherever it was cut off: every part of it can be repeated. */
export interface Intent {
  readonly version: 1
  /** Hash of the commit's token: names its folders. */
  readonly token: string
  /** Counts the commits of one process. */
  readonly sequence: number
  /** The manifests to append to, and their sizes before. */
  readonly manifests: ReadonlyArray<{ readonly folder: string; readonly size: number }>
  readonly steps: ReadonlyArray<Step>
}

/** Tokens may hold anything: their hash names files. */
export const tokenHash = (token: string): string => createHash("sha256").update(token).digest("hex").slice(0, 32)

/**
 * Writes an intent durably. Syncing the folder also makes durable that the intents of earlier commits are gone: none of
 * them can come back after a crash and undo what was committed since.
 */
export const writeIntent = async ({ fs, intents }: Place, intent: Intent): Promise<void> => {
  const path = join(intents, intent.token)
  await fs.remove(path)
  await Files.writeNew(fs, path, Buffer.from(JSON.stringify(intent)))
  await fs.rename(path, `${path}.json`)
  await Files.syncDirectory(fs, intents)
}

/** The intent is done, or taken back. */
export const removeIntent = ({ fs, intents }: Place, { token }: Intent): Promise<void> =>
  fs.unlink(join(intents, `${token}.json`))

/** The intents that were left behind, in order of their commits; those that were not written whole do not count. */
export const readIntents = async ({ fs, intents }: Place): Promise<ReadonlyArray<Intent>> => {
  const found: Array<Intent> = []
  for (const name of await fs.readdir(intents)) {
    if (name.endsWith(".json")) found.push(await read(fs, join(intents, name)))
    else await fs.remove(join(intents, name))
  }
  return found.sort((a, b) => a.sequence - b.sequence)
}

/** The intents that are there, without a change to anything. One that is being removed or is damaged is left out. */
export const peekIntents = async ({ fs, intents }: Place): Promise<ReadonlyArray<Intent>> => {
  const found: Array<Intent> = []
  for (const name of await fs.readdir(intents).catch(() => [])) {
    if (!name.endsWith(".json")) continue
    await read(fs, join(intents, name)).then((intent) => found.push(intent), () => {})
  }
  return found
}

const read = async (fs: Fs, path: string): Promise<Intent> => {
  const text = await Files.withFile(fs, path, "r", async (fd) => {
    const bytes = Buffer.alloc((await fs.fstat(fd)).size)
    for (let at = 0; at < bytes.length;) {
      const length = await fs.read(fd, bytes.subarray(at), at)
      if (length === 0) break
      at += length
    }
    return bytes.toString("utf8")
  })
  try {
    const intent = JSON.parse(text) as Intent
    const names = [...intent.manifests, ...intent.steps].map(({ folder }) => folder)
    if (
      intent.version === 1 && /^[0-9a-f]{32}$/.test(intent.token) && intent.steps.every(isSound) &&
      names.every((name) => /^[A-Za-z0-9._~-]+$/.test(name) && !name.startsWith("."))
    ) return intent
  } catch {
    // Said below.
  }
  throw new Failure.Problem(
    "corrupt",
    `${path}, left behind by a commit that was cut off, is damaged or of a newer version`
  )
}

const isSound = (step: Step): boolean =>
  Number.isSafeInteger(step.number) && Manifest.decodeLine(JSON.stringify(step.line)) !== undefined &&
  (step.writer === undefined || JobSink.isWriterName(step.writer)) &&
  step.folder === PathName.fromId(step.line.batch) && step.line.name === PathName.fromId(step.line.job)
