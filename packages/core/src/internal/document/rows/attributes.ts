/**
 * Attributes of an annotation. Documented: an object from name to `{ value: string | string[], state? }`; video
 * segmentation writes `[]` for none. A value without that wrapper is taken unchanged.
 */
import { isContainer, isObject, quote, stringify } from "../json.ts"

/** JSON text of name to value or values, or undefined if the attributes are neither an object nor a list. */
export const attributesText = (attributes: unknown): string | undefined => {
  if (attributes === undefined || attributes === null) return "{}"
  if (!isContainer(attributes)) return undefined
  if (Array.isArray(attributes)) return attributes.length === 0 ? "{}" : listed(attributes)
  let out = ""
  for (const name of Object.keys(attributes)) {
    const attribute = (attributes as { readonly [name: string]: unknown })[name]
    out += `${out === "" ? "{" : ","}${quote(name)}:${valueText(attribute)}`
  }
  return out === "" ? "{}" : `${out}}`
}

const valueText = (attribute: unknown): string => {
  const value = isObject(attribute) && Object.hasOwn(attribute, "value") ? attribute["value"] : attribute
  return typeof value === "string" ? quote(value) : stringify(value)
}

/** Guessed: a list of `{ name, value }`. The last of a name wins; items without a name go under their position. */
const listed = (items: ReadonlyArray<unknown>): string => {
  const values = new Map<string, string>()
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    const name = isObject(item) && typeof item["name"] === "string" ? item["name"] : String(i)
    values.set(name, valueText(item))
  }
  return `{${Array.from(values, ([name, value]) => `${quote(name)}:${value}`).join(",")}}`
}
