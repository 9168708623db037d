/**
 * Text that comes from elsewhere, as it may be shown: ids, labels and messages are a server's to choose, and some signs
 * in them would clear a terminal, turn a line around, or not be seen at all.
 */

/** Control characters but tab and new line, marks of direction, signs without width, halves of surrogate pairs. */
const unseen =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu

const code = (sign: string) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`

/** Returns the text with control and invisible characters as codes: `\u001b`. Tabs and new lines stay. */
export const plain = (text: string): string => text.replaceAll(unseen, code)

/** The same on one line: tabs and new lines are codes too. */
export const onOneLine = (text: string): string => plain(text).replaceAll(/[\t\n]/g, code)

/** Bytes of the longest message. */
const messageBytes = 2000
/** Characters of the longest URL in a message. */
const urlLength = 200

const urls = /(?:[a-z][a-z0-9+.-]{0,30}:\/\/|data:)[^\s"'<>]{200,}/giu

const encoder = new TextEncoder()

const size = (text: string): number => encoder.encode(text).length

/** Returns the longest beginning of a text with at most this many bytes in UTF-8. */
const beginning = (text: string, bytes: number): string =>
  text.slice(0, encoder.encodeInto(text, new Uint8Array(bytes)).read)

/** A URL as a message may hold it: at most 200 characters. */
export const shortUrl = (url: string): string => url.length <= urlLength ? url : `${url.slice(0, urlLength - 1)}…`

/**
 * Returns the text of a message: no URL over 200 characters, and at most 2 kB. A longer one lacks its middle, because
 * its subject is at the start and its reason at the end.
 */
export const message = (text: string): string => {
  if (text.length <= urlLength) return text
  const short = text.replaceAll(urls, shortUrl)
  if (short.length * 3 <= messageBytes || size(short) <= messageBytes) return short
  const reversed = Array.from(short.slice(-messageBytes)).reverse().join("")
  const end = Array.from(beginning(reversed, messageBytes / 2 - 3)).reverse().join("")
  return `${beginning(short, messageBytes / 2)}…${end}`
}
