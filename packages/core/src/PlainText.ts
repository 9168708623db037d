/**
 * Text that comes from elsewhere, as it may be shown: ids, labels and messages are a server's to choose, and some signs
 * in them would clear a terminal, turn a line around, or not be seen at all.
 */

/** Control characters but tab and new line, marks of direction, signs without width, halves of surrogate pairs. */
const unseen =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu

const code = (sign: string) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`

/** The text with what would steer where it is shown, or would not be seen, as codes: `\u001b`. Tabs and new lines stay. */
export const plain = (text: string): string => text.replaceAll(unseen, code)

/** The same on one line: tabs and new lines are codes too. */
export const onOneLine = (text: string): string => plain(text).replaceAll(/[\t\n]/g, code)
