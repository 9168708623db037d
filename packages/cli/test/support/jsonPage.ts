/** The page about `--json`, made from the schemas. */
import * as Schema from "effect/Schema"
import * as JsonOutput from "../../src/JsonOutput.ts"

interface Json {
  readonly type?: string
  readonly description?: string
  readonly enum?: ReadonlyArray<string>
  readonly anyOf?: ReadonlyArray<Json>
  readonly properties?: Readonly<Record<string, Json>>
  readonly required?: ReadonlyArray<string>
  readonly items?: Json
  readonly allOf?: ReadonlyArray<Json>
}

const typeOf = (schema: Json): string => {
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(", ")
  if (schema.anyOf !== undefined) return Array.from(new Set(schema.anyOf.map(typeOf))).join(" or ")
  return schema.type === "array" ? `array of ${typeOf(schema.items ?? {})}` : schema.type ?? "value"
}

const descriptionOf = (schema: Json): string =>
  [schema, ...schema.allOf ?? []].map(({ description }) => description ?? "").find((text) => text !== "") ?? ""

const rows = (schema: Json, path: string): ReadonlyArray<readonly [string, string, string]> => {
  if (schema.items !== undefined) return rows(schema.items, `${path}[]`)
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = path === "" ? name : `${path}.${name}`
    const optional = schema.required?.includes(name) === true ? "" : ", optional"
    const own = [`\`${at}\``, `${typeOf(field)}${optional}`, descriptionOf(field)] as const
    const inner = rows(field, at)
    return own[2] === "" && inner.length > 0 ? inner : [own, ...inner]
  })
}

const table = (lines: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = [0, 1, 2].map((column) => Math.max(3, ...lines.map((cells) => cells[column]?.length ?? 0)))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`
  const [head = [], ...body] = lines
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body.map(line)].join("\n")
}

const rowsOf = (schema: Schema.Top) => rows(Schema.toJsonSchemaDocument(schema).schema, "")

/** The fields of an export that a section has below `exports[]` are one row. */
const shortened = (lines: ReturnType<typeof rowsOf>) => {
  const ofExport = new Set(rowsOf(JsonOutput.Export).map((cells) => cells.join("|").replace("`", "`exports[].")))
  const rest = lines.filter((cells) => !ofExport.has(cells.join("|")))
  if (lines.length - rest.length !== ofExport.size) return lines
  return [["`exports`", "array of object", "All fields of `export`, and:"] as const, ...rest]
}

const sections = Object.entries(JsonOutput.all).map(([command, schema]) =>
  `## ${command}\n\n${table([["field", "type", "meaning"], ...shortened(rowsOf(schema))])}\n`
)

export const jsonPage = `# JSON output

With \`--json\`, a command prints one object on stdout and nothing else. Logs go to stderr. This page is made from the schemas
in \`packages/cli/src/JsonOutput.ts\`.

A command that could not run prints its reason on stderr and ends with 1. \`export\`, \`retry\`, \`refresh\`, and \`convert\` then
still print an object, with \`"complete": false\`.

${sections.join("\n")}`
