/**
 * Markup, and the only way to make it: a template escapes everything that is not markup itself. Ids, labels, and
 * messages come from a server and are shown as text.
 */
import { PlainText, UnsignedUrl } from "@labelstream/core/sink"

/** Markup. Made by {@link html} alone. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What a template takes: text and numbers are escaped, lists are put one after the other, null is nothing. */
export type Value = string | number | Html | null | ReadonlyArray<Html>

const url = /[a-z][a-z0-9+.-]*:\/\/\S+/gi

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&#39;"
}

/** Text as it may stand in an element or a quoted attribute: it closes neither, and no signed link is left in it. */
export const escaped = (text: string): string =>
  PlainText.plain(text.replace(url, (found) => UnsignedUrl.strip(found)))
    .replace(/[&<>"']/g, (sign) => entities[sign] ?? "")

const textOf = (value: Value): string => {
  if (value === null) return ""
  if (value instanceof Html) return value.text
  if (typeof value === "object") return value.map(({ text }) => text).join("")
  return escaped(String(value))
}

/** Markup with values in it. Attributes must be quoted. */
export const html = (parts: TemplateStringsArray, ...values: ReadonlyArray<Value>): Html =>
  new Html(parts.reduce((text, part, at) => text + textOf(values[at - 1] ?? null) + part))

/** The beginning of a text that may be very long. */
export const shorten = (text: string, length = 80): string => {
  const signs = Array.from(text.slice(0, 2 * length + 2))
  return signs.length > length ? `${signs.slice(0, length - 1).join("")}\u2026` : text
}
