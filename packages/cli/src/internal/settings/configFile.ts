/** Finds and reads the file with settings. */
import * as Effect from "effect/Effect"
import type { ParseError } from "jsonc-parser"
import { existsSync, readFileSync } from "node:fs"
import { dirname, extname, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { SettingsError } from "../failure.ts"
import { fromHome } from "./paths.ts"

/** Names that are looked for in the working directory. */
export const names = ["labelstream.json", "labelstream.config.ts", "labelstream.ts"] as const

/** A file as it was read, not yet checked. */
export interface ConfigFile {
  /** As the user named it. */
  readonly name: string
  /** The folder that its paths start from. */
  readonly folder: string
  readonly content: unknown
}

const wrong = (message: string) => new SettingsError({ message })

const placeOf = (text: string, offset: number): string => {
  const lines = text.slice(0, offset).split("\n")
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
}

/** `CommaExpected` as `comma expected`. */
const words = (code: string) => code.replaceAll(/(?<=[a-z])[A-Z]/g, " $&").toLowerCase()

const readJson = async (name: string, file: string): Promise<unknown> => {
  const { parse, printParseErrorCode } = await import("jsonc-parser")
  const text = readFileSync(file, "utf8").replace(/^\ufeff/, "")
  const errors: Array<ParseError> = []
  const content: unknown = parse(text, errors, { allowTrailingComma: true })
  if (errors.length === 0) return content
  const problems = errors.map(({ error, offset }) => `- ${placeOf(text, offset)}: ${words(printParseErrorCode(error))}`)
  throw wrong([`${name} is not JSON:`, ...problems].join("\n"))
}

const importModule = async (name: string, file: string): Promise<unknown> => {
  const module: unknown = await import(pathToFileURL(file).href)
  if (typeof module === "object" && module !== null && "default" in module) return module.default
  throw wrong(`${name} has no default export: end it with export default { ... }`)
}

const read = (name: string): Effect.Effect<ConfigFile, SettingsError> => {
  const file = resolve(fromHome(name))
  return Effect.tryPromise({
    try: async () => ({
      name,
      folder: dirname(file),
      content: await (extname(file) === ".json" ? readJson(name, file) : importModule(name, file))
    }),
    catch: (cause) =>
      cause instanceof SettingsError
        ? cause
        : wrong(`${name} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  })
}

/** Reads the file that was named, or the one in the working directory, or none. */
export const load = (named: string | undefined): Effect.Effect<ConfigFile | undefined, SettingsError> => {
  if (named !== undefined) {
    return existsSync(fromHome(named))
      ? read(named)
      : Effect.fail(wrong(`There is no file ${named}. labelstream init writes one.`))
  }
  const [found, other] = names.filter((name) => existsSync(join(process.cwd(), name)))
  if (found === undefined) return Effect.undefined
  if (other !== undefined) return Effect.fail(wrong(`There are ${found} and ${other}: say which with --config`))
  return read(found)
}
