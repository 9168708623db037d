import type { AttachmentChoice } from "../Job.ts"
import * as OptionError from "../OptionError.ts"

const choices: ReadonlyArray<AttachmentChoice> = ["none", "results", "all"]

/** Checks the option `attachments`. */
export const checkAttachments = (value: unknown) =>
  OptionError.given((option, value) => OptionError.oneOf(option, value, choices))("attachments", value)
