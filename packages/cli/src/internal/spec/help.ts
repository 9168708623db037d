/** Help in at most 80 columns: no word is broken, and subcommands come before the flags that every command has. */
import type { FlagDoc, HelpDoc } from "effect/cli/HelpDoc"
import * as Option from "effect/Option"

const width = 80

/** The names start here, and descriptions here, or on their own line where a name is too long. */
const [indent, column] = [2, 28]

/** The words on lines that fit between `from` and the last column. The first line is not indented. */
const wrap = (text: string, from: number): string => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ").filter((each) => each !== "")) {
    if (line !== "" && from + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${" ".repeat(from)}`)
}

const row = (name: string, description: string): string => {
  const left = " ".repeat(indent) + name
  if (description === "") return left
  const gap = left.length + 2 > column ? `\n${" ".repeat(column)}` : " ".repeat(column - left.length)
  return left + gap + wrap(description, column)
}

/** The placeholder of a value. The description lists its possible words. */
const valueOf = (type: string): string => {
  if (type === "boolean") return ""
  if (type === "integer" || type === "number") return " N"
  if (type === "string") return " TEXT"
  if (type === "path") return " FILE"
  return type === "choice" || type.startsWith("<") ? " WORD" : ` ${type}`
}

const flagRow = ({ aliases, description, name, type }: FlagDoc): string => {
  const names = [`--${name}`, ...aliases].join(", ")
  return row(names + valueOf(type), Option.getOrElse(description, () => ""))
}

/** A command line, continued after a backslash if it is too long. */
const example = (command: string): string =>
  wrap(command, 2 * indent).split("\n").map((line, index) => (index === 0 ? " ".repeat(indent) : "") + line)
    .join(" \\\n")

const section = (title: string, rows: ReadonlyArray<string>): ReadonlyArray<string> =>
  rows.length === 0 ? [] : [[title, ...rows].join("\n")]

/** The help of a command. An empty line separates the paragraphs of its description. */
export const help = (doc: HelpDoc): string =>
  [
    ...doc.description.split(/\n\s*\n/).map((paragraph) => wrap(paragraph.replaceAll(/\s+/g, " ").trim(), 0)),
    ...section("USAGE", [" ".repeat(indent) + doc.usage]),
    ...section(
      "ARGUMENTS",
      (doc.args ?? []).map(({ description, name }) => row(name, Option.getOrElse(description, () => "")))
    ),
    ...section("FLAGS", doc.flags.map(flagRow)),
    ...section(
      "SUBCOMMANDS",
      (doc.subcommands ?? []).flatMap(({ commands }) =>
        commands.map(({ description, name, shortDescription }) => row(name, shortDescription ?? description))
      )
    ),
    ...section("GLOBAL FLAGS", (doc.globalFlags ?? []).map(flagRow)),
    ...section(
      "EXAMPLES",
      (doc.examples ?? []).map(({ command, description }, index) =>
        `${index === 0 ? "" : "\n"}${description === undefined ? "" : `${" ".repeat(indent)}# ${description}\n`}${
          example(command)
        }`
      )
    )
  ].join("\n\n")
