/** The problems of a value that does not fit a Schema: each with its place, and without the value, which may be secret. */
import * as SchemaIssue from "effect/SchemaIssue"

const formatted = SchemaIssue.makeFormatterStandardSchemaV1()

/** A problem of options. */
export interface SchemaProblem {
  /** The option as it is written in code, such as `split.train`; `options` for all of them. */
  readonly option: string
  /** What is expected, in lowercase. */
  readonly detail: string
}

const segment = (key: PropertyKey | { readonly key: PropertyKey }): string => {
  const name = typeof key === "object" ? key.key : key
  return typeof name === "number" ? `[${name}]` : `.${String(name)}`
}

/** Lists the problems of an issue. */
export const schemaProblems = (issue: SchemaIssue.Issue): ReadonlyArray<SchemaProblem> =>
  formatted(issue).issues.map(({ message, path = [] }) => ({
    option: path.map(segment).join("").replace(/^\./, "") || "options",
    detail: message.replace(/^[A-Z]/, (letter) => letter.toLowerCase()).replaceAll(/\s*\n\s*/g, " ")
  }))
