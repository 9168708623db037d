/** The shape of JSON: every path with the type of what is there, names that are data replaced by `*`. */

const dictionaryKey = /^(?:p\d+|e\d+|frame\d+|#[0-9a-f]+)$/

const typeOf = (value: unknown): string => value === null ? "null" : Array.isArray(value) ? "array" : typeof value

const paths = (value: unknown, path: string, found: Set<string>): void => {
  found.add(`${path} ${typeOf(value)}`)
  if (Array.isArray(value)) { for (const one of value) paths(one, `${path}[]`, found) }
  else if (typeof value === "object" && value !== null) {
    const named = path.endsWith(".attributes")
    for (const [key, one] of Object.entries(value)) {
      paths(one, `${path}.${named || dictionaryKey.test(key) ? "*" : key}`, found)
    }
  }
}

/** The shape of several values together: what any of them has. */
export const shapeOf = (...values: ReadonlyArray<unknown>): ReadonlyArray<string> => {
  const found = new Set<string>()
  for (const value of values) paths(value, "", found)
  return [...found].toSorted()
}
