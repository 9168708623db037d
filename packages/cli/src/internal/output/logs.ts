import { plain } from "@labelstream/core/PlainText"
import * as Cause from "effect/Cause"
import * as Logger from "effect/Logger"
import * as Screen from "./screen.ts"

const textOf = (message: unknown): string => {
  if (typeof message === "string") return message
  if (message instanceof Error) return message.message
  return JSON.stringify(message) ?? String(message)
}

/** Logs for people: the words alone, each line above the progress, and causes with them. */
export const layer = Logger.layer([
  Logger.make<unknown, void>(({ cause, message }) => {
    const words = (Array.isArray(message) ? message : [message]).map(textOf)
    const causes = cause.reasons.length === 0 ? [] : [Cause.pretty(cause)]
    Screen.say("stderr", plain([words.join(" "), ...causes].join("\n")))
  })
])
