import type * as CliError from "effect/cli/CliError"

/** What a value should have been. */
const expectation = (expected: string): string => {
  if (expected.includes(" | ")) return `one of ${expected.split(" | ").join(", ")}`
  if (/finite number/.test(expected)) return "a number"
  if (/integer/.test(expected)) return "a whole number"
  return expected.replace(/^Expected:? /, "").replace(/^a string representing /, "")
}

const suggestion = (names: ReadonlyArray<string>) => names.length === 0 ? "" : ` Did you mean ${names.join(" or ")}?`

/** One sentence about a command line that cannot be read. */
export const typedWrong = (error: CliError.NonShowHelpErrors): string => {
  switch (error._tag) {
    case "UnrecognizedOption":
      return `There is no flag ${error.option}.${suggestion(error.suggestions)}`
    case "UnknownSubcommand":
      return `There is no command ${error.subcommand}.${suggestion(error.suggestions)}`
    case "MissingOption":
      return `--${error.option} is missing.`
    case "MissingArgument":
      return `The argument ${error.argument} is missing.`
    case "UnexpectedArgument":
      return `Nothing takes the ${error.arguments.length === 1 ? "argument" : "arguments"} ${
        error.arguments.join(", ")
      }.`
    case "InvalidValue": {
      const name = error.kind === "flag" ? `--${error.option}` : error.option
      return `${name} ${error.value}: expected ${expectation(error.expected)}.`
    }
    default:
      return error.message
  }
}
