/**
 * Writes XML as text. Names of elements and attributes are the formats' own; only values need care. A library would build
 * a tree of each document, and documents here are as long as a dataset.
 */

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;"
}

/** Whether XML cannot hold a character: most control characters, and two more. */
const isImpossible = (sign: string): boolean => sign < " " || sign === "\ufffe" || sign === "\uffff"

/** Escapes text for an attribute or an element. Characters that XML cannot hold become U+FFFD. */
export const escape = (text: string): string =>
  text.toWellFormed().replaceAll(
    /[\p{Cc}&<>"\ufffe\uffff]/gu,
    (sign) => escapes[sign] ?? (isImpossible(sign) ? "\ufffd" : sign)
  )

type Values = Readonly<Record<string, string | number | null>>

/** An element. Attributes that are null are left out; `content` is XML, and null makes an empty element. */
export const element = (name: string, attributes: Values, content: string | null = null): string => {
  const start = `<${name}${
    Object.entries(attributes).map(([key, value]) => value === null ? "" : ` ${key}="${escape(String(value))}"`).join(
      ""
    )
  }`
  return content === null ? `${start}/>` : `${start}>${content}</${name}>`
}

/** An element that holds text. */
export const textElement = (name: string, text: string | number): string =>
  element(name, {}, typeof text === "number" ? String(text) : escape(text))

/** Elements that hold text, by their names. */
export const textElements = (texts: Readonly<Record<string, string | number>>): string =>
  Object.entries(texts).map(([name, text]) => textElement(name, text)).join("")
