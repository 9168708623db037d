/** Options of sinks as a person types them: `--set SINK.OPTION=VALUE`. What VALUE is, the option's Schema decides. */
import type { SinkPlugin } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as SchemaAST from "effect/SchemaAST"
import { SettingsError } from "../failure.ts"

/** An option that is set for every target of a sink. */
export interface SetOption {
  readonly sink: string
  readonly option: string
  readonly value: string
}

/** Reads `SINK.OPTION=VALUE`: the first `=` ends the name, and the last dot before it starts OPTION. */
export const parse = (text: string): Effect.Effect<SetOption, SettingsError> => {
  const end = text.indexOf("=")
  const dot = text.lastIndexOf(".", end)
  if (end < 0 || dot < 1 || dot + 1 === end) {
    return new SettingsError({
      message: `--set ${text}: expected SINK.OPTION=VALUE, such as coco.split=train=0.8,val=0.2`
    })
  }
  return Effect.succeed({ sink: text.slice(0, dot), option: text.slice(dot + 1, end), value: text.slice(end + 1) })
}

/** The value that an option is set to, as a configuration file would hold it; the sink's Schema checks it afterwards. */
export const valueOf = (
  { option, sink, value }: SetOption,
  fields: ReadonlyArray<SinkPlugin.OptionField>
): Effect.Effect<unknown, SettingsError> => {
  const refuse = (why: string) => new SettingsError({ message: `--set ${sink}.${option}: ${why}` })
  const field = fields.find(({ name }) => name === option)
  if (field === undefined) {
    const names = fields.map(({ name }) => name).join(", ")
    return refuse(`the ${sink} sink has no such option. It has: ${names === "" ? "none" : names}`)
  }
  if (field.isSecret) {
    return refuse("others on this machine can read a secret in a flag. Give it in a configuration file")
  }
  if (value.startsWith("{") || value.startsWith("[")) {
    return Effect.try({
      try: (): unknown => JSON.parse(value),
      catch: () => refuse("a value that begins with { or [ must be JSON")
    })
  }
  const kinds = membersOf(field.schema)
  const record = kinds.find(SchemaAST.isObjects)
  if (record !== undefined && value.includes("=")) {
    const entries = value.split(",").map((entry) => {
      const at = entry.indexOf("=")
      return at < 0
        ? [entry, undefined]
        : [entry.slice(0, at), scalar(entry.slice(at + 1), of(record.indexSignatures[0]?.type))]
    })
    const without = entries.find(([, each]) => each === undefined)
    if (without !== undefined) return refuse(`expected NAME=VALUE,NAME=VALUE, and "${String(without[0])}" has no "="`)
    return Effect.succeed(Object.fromEntries(entries))
  }
  const list = kinds.find(SchemaAST.isArrays)
  if (list !== undefined) return Effect.succeed(value.split(",").map((each) => scalar(each, of(list.rest[0]))))
  return Effect.succeed(scalar(value, kinds))
}

const membersOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> =>
  SchemaAST.isUnion(ast) ? ast.types.flatMap(membersOf) : [ast]

const of = (ast: SchemaAST.AST | undefined): ReadonlyArray<SchemaAST.AST> => ast === undefined ? [] : membersOf(ast)

const scalar = (text: string, kinds: ReadonlyArray<SchemaAST.AST>): unknown => {
  if (text === "null" && kinds.some(SchemaAST.isNull)) return null
  if ((text === "true" || text === "false") && kinds.some(SchemaAST.isBoolean)) return text === "true"
  const number = text.trim() === "" ? Number.NaN : Number(text)
  if (!Number.isNaN(number) && kinds.some(SchemaAST.isNumber)) return number
  const literal = kinds.find((kind) => SchemaAST.isLiteral(kind) && String(kind.literal) === text)
  return literal !== undefined && SchemaAST.isLiteral(literal) ? literal.literal : text
}
