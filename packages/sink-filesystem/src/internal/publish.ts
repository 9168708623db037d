/**
 * Carries an intent out, or takes it back. Both look at what is there and do only what is missing, so each can be run
 * again after having been cut off at any point, and one after the other.
 */
import { Failure, Files } from "@labelstream/files"
import { join, sep } from "node:path"
import * as Manifest from "../Manifest.ts"
import { forEachLimit, type Fs } from "./fs.ts"
import { type Intent, removeIntent, type Step } from "./intent.ts"
import { appendAt, cutAt } from "./manifestFile.ts"
import { ensureFolder, type Place } from "./place.ts"

/** Jobs renamed at the same time. */
const atOnce = 8

/**
 * Publishes what an intent says, durably. The files come first, then the lines that tell of them. A job whose staged
 * files have gone fails the whole; after a crash (`salvage`) it is left out instead, since nobody was told of it.
 */
export const carryOut = async (place: Place, intent: Intent, salvage = false): Promise<void> => {
  const { fs, output } = place
  let isNew = false
  for (const { folder } of intent.manifests) isNew = await ensureFolder(fs, join(output, folder)) || isNew
  const moved = intent.steps.filter(({ unchanged }) => !unchanged)
  const lost = new Set<Step>()
  const pathsOf = pathsWithin(place, intent)
  await forEachLimit(moved, atOnce, async (step) => {
    const paths = pathsOf(step)
    if (step.isNew ? await publishNew(fs, paths) : await publish(fs, paths)) return
    if ((await fs.find(paths.document.final))?.size !== step.line.files[0]?.size) lost.add(step)
  })
  if (lost.size > 0 && !salvage) {
    throw new Failure.Problem(
      "unavailable",
      `what was staged in ${place.staging} has gone: leave that folder to the sink`
    )
  }
  if (isNew) await Files.syncDirectory(fs, output)
  for (const folder of new Set(moved.map(({ folder }) => folder))) await Files.syncDirectory(fs, join(output, folder))
  for (const { folder, size } of intent.manifests) {
    const steps = intent.steps.filter((step) => step.folder === folder && !lost.has(step))
    const lines = steps.map(({ line }) => Manifest.encodeLine(line))
    if (await appendAt(fs, join(output, folder, Manifest.fileName), size, lines)) {
      await Files.syncDirectory(fs, join(output, folder))
    }
  }
}

/** Takes back what was done of an intent that nobody was told of: what was staged is staged again. */
export const takeBack = async (place: Place, intent: Intent): Promise<void> => {
  const { fs, output } = place
  for (const { folder, size } of intent.manifests) await cutAt(fs, join(output, folder, Manifest.fileName), size)
  const pathsOf = pathsWithin(place, intent)
  await forEachLimit(
    intent.steps.filter(({ unchanged }) => !unchanged),
    atOnce,
    (step) => withdraw(fs, pathsOf(step))
  )
  for (const { folder } of intent.manifests) {
    const path = join(output, folder)
    if (await fs.find(path) === undefined) continue
    await Files.syncDirectory(fs, path)
    if (await fs.rmdir(path).then(() => true, () => false)) await Files.syncDirectory(fs, output)
  }
  await removeIntent(place, intent).catch(ignoreMissing)
  await Files.syncDirectory(fs, place.intents)
  await fs.remove(join(place.replaced, intent.token))
}

/** Forgets an intent that is done, with everything that it was kept for. */
export const forget = async (place: Place, intent: Intent): Promise<void> => {
  await removeIntent(place, intent).catch(ignoreMissing)
  await place.fs.remove(join(place.staging, intent.token))
  await place.fs.remove(join(place.replaced, intent.token))
}

const ignoreMissing = (error: unknown) => {
  if (Files.codeOf(error) !== "ENOENT") throw error
}

interface Paths {
  readonly hasNested: boolean
  readonly document: Record<"staged" | "final" | "replaced", string>
  readonly nested: Record<"staged" | "final" | "replaced", string>
  readonly replacedFolder: string
}

/** Paths of an intent's steps. Put together as text: every part is a plain name, and joining costs more than renaming. */
const pathsWithin = ({ output, replaced, staging, writers }: Place, { token }: Intent) => {
  const stagedFolder = join(staging, token)
  const replacedFolder = join(replaced, token)
  return ({ folder, line, number, writer }: Step): Paths => {
    const from = writer === undefined
      ? `${stagedFolder}${sep}${number}`
      : `${writers}${sep}${writer}${sep}${folder}${sep}${line.name}`
    const to = `${output}${sep}${folder}${sep}${line.name}`
    const aside = `${replacedFolder}${sep}${number}`
    const at = (name: string) => ({ staged: from + name, final: to + name, replaced: aside + name })
    return { hasNested: line.files.length > 1, document: at(".json"), nested: at(""), replacedFolder }
  }
}

/**
 * Nested files first: whoever finds the new document finds its files beside it. A file is replaced by renaming over it.
 * A folder cannot be: the old one is moved aside first. Answers whether the document was there to be renamed.
 */
const publish = async (fs: Fs, { document, hasNested, nested, replacedFolder }: Paths): Promise<boolean> => {
  if (!hasNested || await fs.find(nested.staged) !== undefined) {
    if (await fs.find(nested.final) !== undefined) {
      await ensureFolder(fs, replacedFolder)
      await fs.rename(nested.final, nested.replaced)
    }
    if (hasNested) await fs.rename(nested.staged, nested.final)
  }
  if (await fs.find(document.staged) === undefined) return false
  if (await fs.find(document.final) !== undefined) {
    await ensureFolder(fs, replacedFolder)
    await keep(fs, document.final, document.replaced)
  }
  await fs.rename(document.staged, document.final)
  return true
}

/** The same for a job that was never stored: nothing to look for and nothing to keep. */
const publishNew = async (fs: Fs, { document, hasNested, nested }: Paths): Promise<boolean> => {
  if (hasNested) {
    await fs.rename(nested.staged, nested.final).catch(ignoreMissing)
    if (await fs.find(nested.final) === undefined) return false
  }
  return fs.rename(document.staged, document.final).then(() => true, (error: unknown) => {
    ignoreMissing(error)
    return false
  })
}

/** Puts back only where nothing stands: a copy that was cut off never replaces the file it was made from. */
const withdraw = async (fs: Fs, { document, hasNested, nested }: Paths): Promise<void> => {
  for (const { final, staged } of hasNested ? [document, nested] : [document]) {
    if (await fs.find(staged) === undefined) await fs.rename(final, staged).catch(ignoreMissing)
  }
  for (const { final, replaced } of [document, nested]) {
    if (await fs.find(replaced) === undefined) continue
    if (await fs.find(final) === undefined) await fs.rename(replaced, final)
    else await fs.remove(replaced)
  }
}

/** A second name for the old document, so that it can be put back without ever having been away. */
const keep = async (fs: Fs, from: string, to: string): Promise<void> => {
  await fs.unlink(to).catch(ignoreMissing)
  if (!await Files.link(fs, from, to)) await fs.copyFile(from, to, 0)
}
