/**
 * Where things lie in a dataset's folder. What readers see is published by `finish`; under `.labelstream` there is the store,
 * with a record of each job, and the list of what was published last.
 */
import { Failure, Files, type Fs, type Journal, Lines, Target } from "@labelstream/storage"
import { join } from "node:path"

/** What bytes a record has besides its rows, if the platform gave them. */
export interface Needs {
  readonly masks: boolean
  readonly inputs: boolean
}

/** Paths of a dataset, and the operations to work on them. */
export interface Place extends Target.Target {
  /** The list of jobs, each with the place of its record. */
  readonly jobs: string
  /** The records, in a file for each commit. */
  readonly records: string
  /** The files of the jobs, in `<batch>/<job>/`. */
  readonly store: string
  readonly about: string
  /** What was published, file by file. */
  readonly publication: string
  /** The name of each sample, which stays. */
  readonly names: string
  /** The dataset that `finish` is building. */
  readonly build: string
}

/** Paths as the journal has them: of the build relative to the sink's own folder, of all others to the output folder. */
export const paths = {
  about: ".labelstream/about.json",
  build: "staging/build",
  jobs: ".labelstream/jobs.ndjson",
  names: ".labelstream/names.ndjson",
  publication: ".labelstream/publication.ndjson",
  records: ".labelstream/records",
  store: ".labelstream/store"
} as const

/** Names the paths; touches nothing. */
export const at = (fs: Fs, directory: string): Place => {
  const target = Target.at(fs, directory, ["records", "store"])
  const under = (path: string) => join(target.output, path)
  return {
    ...target,
    jobs: under(paths.jobs),
    records: under(paths.records),
    store: under(paths.store),
    about: under(paths.about),
    publication: under(paths.publication),
    names: under(paths.names),
    build: join(target.hidden, paths.build)
  }
}

/** What a store says of itself. */
export interface About {
  readonly format: "labelstream-dataset"
  readonly version: number
  /** The name of the dataset's format. */
  readonly dataset: string
  /** What every record has, where the platform gave it. */
  readonly needs: Needs
  /** Differs after every commit. */
  readonly stamp: string
}

/** The version of the store. Jobs of an older one count as missing: the next run brings them again. */
export const version = 2

/** Whether a record has everything needed. */
export const suffices = (has: Needs, needs: Needs): boolean =>
  (has.masks || !needs.masks) && (has.inputs || !needs.inputs)

/** What both have. */
export const common = (one: Needs, other: Needs): Needs => ({
  masks: one.masks && other.masks,
  inputs: one.inputs && other.inputs
})

/** Reads what the store says of itself; undefined if there is no store. */
export const readAbout = async (place: Place): Promise<About | undefined> => {
  const text = await readText(place, place.about)
  if (text === undefined) return undefined
  const about = Lines.parse(text) as Partial<About> | undefined
  if (about?.format !== "labelstream-dataset" || typeof about.version !== "number") {
    throw new Failure.Problem("corrupt", `${place.about} is damaged: remove the dataset's folder and run again`)
  }
  if (about.version > version) throw Failure.newer(place.about)
  return about as About
}

/** Fails if the folder holds something other than a dataset of this format. Changes nothing. */
export const check = async (place: Place, dataset: string): Promise<void> => {
  const { fs, output } = place
  const about = await readAbout(place)
  if (about !== undefined && about.dataset !== dataset) {
    const detail = `${output} holds a dataset of the format ${about.dataset}: choose another folder for ${dataset}`
    throw new Failure.Problem("conflict", detail)
  }
  if (about !== undefined) return
  const found = (await Files.namesIn(fs, output)).filter((name) => name !== ".labelstream")
  if (found.length === 0) return
  const detail = `${output} holds ${found[0]!}, which is of no dataset: choose a folder that is empty, or a new one`
  throw new Failure.Problem("conflict", detail)
}

/** Syncs a file of the build. Returns the change that puts the file at a path, over an older one. */
export const putBuilt = async ({ build, fs }: Place, name: string, at: string): Promise<Journal.Change> => {
  const { size } = await Files.withFile(fs, join(build, name), "r+", async (fd) => {
    await fs.fsync(fd)
    return fs.fstat(fd)
  })
  return { put: `${paths.build}/${name}`, at, size, isNew: false }
}

/** Makes a folder in the build. Returns its path. */
export const makeFolder = async ({ build, fs }: Place, name: string): Promise<string> => {
  const folder = join(build, name)
  await fs.mkdir(folder)
  return folder
}

/** All of a small file; undefined if there is none. */
export const readText = async ({ fs }: Place, path: string): Promise<string | undefined> =>
  (await fs.find(path))?.isFile() === true ? (await Files.readAll(fs, path)).toString("utf8") : undefined
