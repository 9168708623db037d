/**
 * Finds a sink by name. A package is a sink plugin when its default export is a definition made by {@link define}: its
 * name, the version of this contract that it was written for, a Schema of its options, and a function that makes the sink.
 * Loading is a dynamic import, so that nothing has to know of a plugin in advance.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { checkCapabilities } from "./internal/engine/options.ts"
import { schemaProblems } from "./internal/schemaProblems.ts"
import { TaggedError } from "./internal/taggedError.ts"
import type { JobSink } from "./JobSink.ts"

/** The version of the contract of this package. */
export const contract = 2

const isUrl = (text: string) => /^[a-z][a-z0-9+.-]+:\/\//i.test(text)

/** Marks an option as a path: one in a configuration file starts from the folder of that file. */
export const pathAnnotation: { readonly "@labelstream/core/path": true } = { "@labelstream/core/path": true }

/** A path of this machine, as an option of a sink. A URL is refused: it would be taken for a folder of that name. */
export const LocalPath = Schema.String.check(
  Schema.isNonEmpty({ message: "Expected a path" }),
  Schema.makeFilter((text: string) => isUrl(text) ? "Expected a path of this machine, and no URL" : undefined)
).annotate(pathAnnotation)

/** What a sink makes of one kind of annotation. */
export interface Keeping {
  /** A word for the options under which this holds; empty for the defaults. */
  readonly variant: string
  /** Such as `turned rectangle`. */
  readonly what: string
  readonly how: "kept" | "approximated" | "dropped"
  /** In a few words; null if it is kept. */
  readonly why: string | null
}

/** A kind of sink that can be found by name. */
export interface Definition<Options = never> {
  /** As in `JobSink.name`. */
  readonly name: string
  /** Version of the sink's own code. */
  readonly version: string
  /** The version of the contract it was written for. */
  readonly contract: number
  /** Options from what is written in a configuration; secrets are `Schema.Redacted`, so that no log shows them. */
  readonly options: Schema.Codec<Options, unknown>
  /**
   * The option that a short form such as `--to PACKAGE:TARGET` fills with TARGET. Default: the only one that is required.
   */
  readonly target?: string
  /** What it keeps, approximates, and drops, for a sink that does not store annotations as they are. */
  readonly keeps?: ReadonlyArray<Keeping>
  /** Makes the sink. Writes nothing yet. */
  readonly make: (options: Options) => JobSink
}

/** One option of a sink, as a configuration gives it. */
export interface OptionField {
  readonly name: string
  readonly isRequired: boolean
  /** What its Schema is annotated with; empty if that is nothing. */
  readonly description: string
  /** Whether text in it is a path of this machine: see {@link LocalPath}. */
  readonly isPath: boolean
  /** Whether it is a secret: its Schema is `Schema.Redacted`. */
  readonly isSecret: boolean
  /** Schema of what is written in a configuration. */
  readonly schema: SchemaAST.AST
}

/** The options of a kind of sink, in the order of its Schema; none if they are not a struct. */
export const optionsOf = (definition: Pick<Definition<unknown>, "options">): ReadonlyArray<OptionField> => {
  const { ast } = definition.options
  const encoded = SchemaAST.toEncoded(ast)
  if (!SchemaAST.isObjects(encoded)) return []
  const secrets = SchemaAST.isObjects(ast) ? ast.propertySignatures.filter(({ type }) => isRedacted(type)) : []
  return encoded.propertySignatures.map(({ name, type }) => ({
    name: String(name),
    isRequired: !SchemaAST.isOptional(type),
    description: SchemaAST.resolveDescription(type) ?? "",
    isPath: isPathSchema(type),
    isSecret: secrets.some((secret) => secret.name === name),
    schema: type
  }))
}

const isPathSchema = (ast: SchemaAST.AST): boolean =>
  SchemaAST.isUnion(ast)
    ? ast.types.some(isPathSchema)
    : SchemaAST.resolve(ast)?.["@labelstream/core/path"] === true

const isRedacted = (ast: SchemaAST.AST): boolean =>
  SchemaAST.isUnion(ast)
    ? ast.types.some(isRedacted)
    : SchemaAST.isDeclaration(ast) && SchemaAST.resolve(ast)?.["expected"] === "Redacted"

/** The option for TARGET, or undefined if the definition names none and not exactly one is required. */
export const targetOf = (definition: Pick<Definition<unknown>, "options" | "target">): string | undefined => {
  const required = optionsOf(definition).filter(({ isRequired }) => isRequired)
  return definition.target ?? (required.length === 1 ? required[0]?.name : undefined)
}

/**
 * A plugin could not be used.
 *
 * - `missing`: there is no such package or module
 * - `broken`: it threw while it was loaded, or while it made the sink; or the sink is not what it says of itself
 * - `notASink`: its default export is no sink definition
 * - `contract`: it was written for another version of the contract
 * - `options`: the options do not fit; `problems` has all of them
 */
export class SinkPluginError extends TaggedError<SinkPluginError>()("SinkPluginError", {
  /** The name as it was given. */
  specifier: Schema.String,
  reason: Schema.Literals(["missing", "broken", "notASink", "contract", "options"]),
  /** One sentence for people: what is wrong, and what to do. */
  detail: Schema.String,
  /** Each problem of the options, with its place; no values, since they may be secret. */
  problems: Schema.Array(Schema.String),
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    const [first, ...more] = this.problems
    const list = this.problems.map((problem) => `\n- ${problem}`).join("")
    const said = first === undefined
      ? this.detail
      : more.length === 0
      ? `option ${first}`
      : `${this.problems.length} problems with its options:${list}`
    return `Sink ${JSON.stringify(this.specifier)}: ${said}`
  }
}

/**
 * Defines a sink that can be found by name; to be the default export of its package.
 *
 * @example
 * ```ts
 * import { SinkPlugin } from "@labelstream/core"
 * import * as Schema from "effect/Schema"
 * import { make } from "./MySink.ts"
 *
 * export default SinkPlugin.define({
 *   name: "mine",
 *   version: "1.0.0",
 *   options: Schema.Struct({ url: Schema.String, token: Schema.RedactedFromValue(Schema.String) }),
 *   make
 * })
 * ```
 */
export const define = <Options, Encoded>(definition: {
  readonly name: string
  readonly version: string
  readonly options: Schema.Codec<Options, Encoded>
  readonly target?: keyof Encoded & string
  readonly keeps?: ReadonlyArray<Keeping>
  readonly make: (options: Options) => JobSink
}): Definition<Options> => ({ ...definition, contract })

/**
 * Packages that a name is looked for in, in this order: a name that starts with a letter and has no slash is short for
 * `@labelstream/sink-NAME` and for `labelstream-sink-NAME`; everything else is taken as it is (a package, a path, a URL).
 */
export const candidates = (specifier: string): ReadonlyArray<string> =>
  /^[a-z][a-z0-9-]*$/.test(specifier)
    ? [`@labelstream/sink-${specifier}`, `labelstream-sink-${specifier}`, specifier]
    : [specifier]

/** How a module is imported; a program gives its own so that packages are found from its folder, not from here. */
export type Import = (specifier: string) => Promise<unknown>

/**
 * Loads a sink by name and makes it from its options, as they were written in a configuration.
 *
 * Packages are resolved from this module unless `importModule` resolves them otherwise, which a program should do: for
 * instance `(name) => import(name)` written in the program's own code. Loading a package runs its code: take
 * names from a trusted source only.
 *
 * @example
 * ```ts
 * import { Export, SinkPlugin } from "@labelstream/core"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const sink = yield* SinkPlugin.load("files", { directory: "output" }, (name) => import(name))
 *   return yield* Export.run({ batches: [{ projectId: "...", batchId: "..." }], sinks: [sink] })
 * })
 * ```
 */
export const load = Effect.fnUntraced(function*(
  specifier: string,
  options: unknown,
  importModule: Import = (name) => import(name)
) {
  const definition = yield* find(specifier, importModule)
  const decoded = yield* Schema.decodeUnknownEffect(definition.options)(options, {
    errors: "all",
    onExcessProperty: "error"
  }).pipe(Effect.mapError((error) => {
    const problems = schemaProblems(error.issue).map(({ detail, option }) => `${option}: ${detail}`)
    return new SinkPluginError({ specifier, reason: "options", detail: "its options do not fit", problems })
  }))
  const sink = yield* Effect.try({
    try: () => definition.make(decoded),
    catch: (cause) => failure(specifier, "broken", "it could not be made from its options", cause)
  })
  yield* Effect.catch(
    checkCapabilities(sink.capabilities),
    ({ message }) => failure(specifier, "broken", `what it declares cannot be: ${message}`)
  )
  const contradiction = contradictionOf(sink)
  return contradiction === undefined ? sink : yield* failure(specifier, "broken", contradiction)
})

/** Why a sink's declared `writers` contradicts its `branches`; undefined if both agree. */
const contradictionOf = ({ capabilities: { writers }, branches }: JobSink): string | undefined => {
  if (writers === "many" && branches === undefined) {
    return "it declares `writers: \"many\"` and has no `branches` for several to write by: declare `single`, or add it"
  }
  return writers !== "many" && branches !== undefined
    ? `it has \`branches\` for several to write by and declares \`writers: "${writers}"\`: declare \`many\`, or remove it`
    : undefined
}

/** Finds the definition of a sink by name, without making it: for listing its options. */
export const find = Effect.fnUntraced(function*(
  specifier: string,
  importModule: Import = (name) => import(name)
): Effect.fn.Return<Definition<unknown>, SinkPluginError> {
  const names = candidates(specifier)
  for (const name of names) {
    const result = yield* Effect.result(Effect.tryPromise(() => importModule(name)))
    if (result._tag === "Success") return yield* definitionIn(specifier, result.success)
    const { cause } = result.failure
    if (!isMissing(cause, name)) {
      const why = isObject(cause) ? String(cause["message"]) : String(cause)
      return yield* failure(specifier, "broken", `it broke while it was loaded: ${why}`, cause)
    }
  }
  const whatToDo = isPath(specifier)
    ? "there is no such module: correct the path"
    : names.length === 1
    ? "there is no such package: install it, or correct the name"
    : `there is no such package: install one of ${names.join(", ")}, or correct the name`
  return yield* failure(specifier, "missing", whatToDo)
})

const failure = (specifier: string, reason: SinkPluginError["reason"], detail: string, cause?: unknown) =>
  new SinkPluginError({ specifier, reason, detail, problems: [], ...cause === undefined ? {} : { cause } })

const definitionIn = (specifier: string, module: unknown): Effect.Effect<Definition<unknown>, SinkPluginError> => {
  const found: unknown = isObject(module) ? module["default"] : undefined
  if (
    !isObject(found) || typeof found["name"] !== "string" || typeof found["contract"] !== "number" ||
    typeof found["make"] !== "function" || !Schema.isSchema(found["options"])
  ) {
    const detail = "it is not a sink: its default export is not made by SinkPlugin.define"
    return Effect.fail(failure(specifier, "notASink", detail))
  }
  if (found["contract"] !== contract) {
    const what = found["contract"] > contract ? "update this program" : "look for a newer version of the sink"
    const detail = `it was written for version ${
      found["contract"]
    } of the contract, this is version ${contract}: ${what}`
    return Effect.fail(failure(specifier, "contract", detail))
  }
  return Effect.succeed(found as unknown as Definition<unknown>)
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

const isPath = (specifier: string) => /^(\.{1,2}\/|\/|[a-z][a-z0-9+.-]+:)/i.test(specifier)

/** Whether the module itself is missing, and not one that it imports: only the text of the error says so. */
const isMissing = (error: unknown, name: string): boolean => {
  if (!isObject(error) || (error["code"] !== "ERR_MODULE_NOT_FOUND" && error["code"] !== "MODULE_NOT_FOUND")) {
    return false
  }
  const [, missing = "", importer = ""] = /'(.+?)' imported from (.+)/.exec(String(error["message"])) ?? []
  if (!isPath(name)) return missing === /^(@[^/]+\/)?[^/]+/.exec(name)?.[0]
  const tail = name.replace(/^(file:\/\/|\.{1,2}\/)+/, "")
  return missing.endsWith(tail) && !importer.endsWith(tail)
}
