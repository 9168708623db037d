/**
 * Lays out the package of a new sink or dataset format: below `packages` inside the Labelstream workspace, elsewhere in a
 * folder of the working directory. The folder appears complete or not at all, and nothing else is touched.
 */
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { files, type Home, type Kind, packageName } from "./SinkTemplate.ts"

/** What was laid out. */
export interface Created {
  /** Absolute path of the package's folder. */
  readonly directory: string
  readonly packageName: string
  readonly home: Home
}

/** Nothing was laid out; the message says why, and what to do. */
export class CreateSinkError extends Error {
  override readonly name = "CreateSinkError"
}

/**
 * Lays out the package of a name, as seen from a folder. `kind` says what it is. Default: `sink`. Throws a
 * {@link CreateSinkError} and then leaves nothing behind.
 */
export const create = (name: string, from: string, kind: Kind = "sink"): Created => {
  const problem = problemOf(name)
  if (problem !== undefined) throw new CreateSinkError(problem)
  const root = workspaceOf(from)
  const home = root === undefined ? "alone" : "workspace"
  const parent = root === undefined ? from : join(root, "packages")
  const directory = join(parent, root === undefined ? packageName(name, home) : `sink-${name}`)
  if (lstatSync(directory, { throwIfNoEntry: false }) !== undefined) {
    throw new CreateSinkError(`${directory} is there already: choose another name, or move it away`)
  }
  try {
    lay(files(name, home, kind), parent, directory)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CreateSinkError(`The package could not be written: ${why}`, { cause })
  }
  return { directory, packageName: packageName(name, home), home }
}

/** What is wrong with a name, for people; undefined for a good one, which `SinkPlugin.load` takes as a short name. */
const problemOf = (name: string): string | undefined => {
  const prefix = /^(@[^/]*\/|labelstream-|sink-)+/.exec(name)?.[0]
  if (prefix !== undefined) return `Leave "${prefix}" out of the name: it is put before it`
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && name.length <= 50) return undefined
  return `"${name}" is no name for a sink: use lowercase letters, digits, and single hyphens, such as "my-files"`
}

const workspaceOf = (from: string): string | undefined => {
  for (let folder = from, above = ""; folder !== above; above = folder, folder = dirname(folder)) {
    if (isWorkspace(folder)) return folder
  }
  return undefined
}

const isWorkspace = (folder: string): boolean => {
  const core = join(folder, "packages", "core", "package.json")
  if (!existsSync(join(folder, "pnpm-workspace.yaml")) || !existsSync(core)) return false
  return /"name":\s*"@labelstream\/core"/.test(readFileSync(core, "utf8"))
}

const lay = (texts: Readonly<Record<string, string>>, parent: string, directory: string): void => {
  const staged = mkdtempSync(join(parent, ".create-sink-"))
  try {
    for (const [path, text] of Object.entries(texts)) {
      const file = join(staged, "package", path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
    renameSync(join(staged, "package"), directory)
  } finally {
    rmSync(staged, { recursive: true, force: true })
  }
}
