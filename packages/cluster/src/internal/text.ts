/**
 * Text that comes from a server, as both databases keep it: PostgreSQL takes neither NUL nor half a surrogate pair.
 * What is written stands for one text only, and is ordered by code point as the text is (halves of pairs apart).
 */

// Matches \0 and \u0001, which are written as two characters from \u0001 on, and halves of surrogate pairs.
const special = /[\u0000\u0001]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
const escaped = /\u0001([\u0001\u0002]|\u0003[0-9a-f]{4})/g

const escape = (unit: string) =>
  unit === "\u0000" ? "\u0001\u0001" : unit === "\u0001" ? "\u0001\u0002" : `\u0001\u0003${unit.charCodeAt(0).toString(16)}`

const unescape = (_: string, code: string) =>
  code === "\u0001" ? "\u0000" : code === "\u0002" ? "\u0001" : String.fromCharCode(Number.parseInt(code.slice(1), 16))

/** As it is written. Null stays null. */
export const toColumn = <A extends string | null>(text: A): A => text === null ? text : text.replace(special, escape) as A

/** What was written, read back. */
export const fromColumn = <A extends string | null>(column: A): A =>
  column === null || !column.includes("\u0001") ? column : column.replace(escaped, unescape) as A
