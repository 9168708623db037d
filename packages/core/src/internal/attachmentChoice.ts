import * as OptionError from "../OptionError.ts"

const choices = ["none", "results", "all"] as const

/**
 * Which of the files that a result names are fetched with it. `none`: only the result document. `results`: what GT Studio
 * made (masks, point labels). `all`: input media too, which can be large and may not be GT Studio's to give.
 */
export type AttachmentChoice = typeof choices[number]

/** Checks the option `attachments`. */
export const checkAttachments = (value: unknown) =>
  OptionError.given((option, value) => OptionError.oneOf(option, value, choices))("attachments", value)
