/** Attributes of shapes, as formats have a place for them. Numbers keep their digits. */
import type { Shape } from "../../Sample.ts"

/** Adds the track id and the instance to the JSON text of the attributes, unless an attribute has that name. */
export const withTrack = ({ attributes: text, instance, track }: Shape): string => {
  const own = Object.entries({ track_id: track, instance }).filter(([, value]) => value !== null)
  if (own.length === 0) return text
  if (text === "{}") return JSON.stringify(Object.fromEntries(own))
  const taken = JSON.parse(text) as object
  const added = own.filter(([name]) => !Object.hasOwn(taken, name)).map(([name, value]) =>
    `,${JSON.stringify(name)}:${JSON.stringify(value)}`
  )
  return `${text.slice(0, text.lastIndexOf("}"))}${added.join("")}}`
}

/** An attribute whose value is one text, number, or truth value. */
export interface Scalar {
  readonly name: string
  /** The value as JSON text. */
  readonly json: string
  /** The value as plain text. */
  readonly text: string
}

/** A number as it was written. `JSON.parse` gives the source of a value to its third argument since Node 21. */
class Digits {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
  toJSON(): unknown {
    return Number(this.source)
  }
}

const exactly = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && context?.source !== undefined ? new Digits(context.source) : value

const plain = (value: unknown): string =>
  typeof value === "string"
    ? value
    : value instanceof Digits
    ? value.source
    : Array.isArray(value)
    ? value.map(plain).join(", ")
    : value === null
    ? ""
    : JSON.stringify(value)

/** The attributes one by one. A list becomes the text `a, b`. */
export const scalarsOf = (attributes: string): ReadonlyArray<Scalar> => {
  if (attributes === "{}") return []
  return Object.entries(JSON.parse(attributes, exactly) as object).map(([name, value]: readonly [string, unknown]) => {
    const text = plain(value)
    const json = value instanceof Digits || typeof value === "boolean" ? text : JSON.stringify(text)
    return { name, json, text }
  })
}

/** The attributes one by one, then the track id, the instance, and more that is not null, unless an attribute has that name. */
export const scalarsWithTrack = (
  { attributes, instance, track }: Shape,
  more: Readonly<Record<string, string | boolean | null>> = {}
): ReadonlyArray<Scalar> => {
  const own = scalarsOf(attributes)
  const further: Readonly<Record<string, string | boolean | null>> = { track_id: track, instance, ...more }
  const added = Object.entries(further).flatMap(([name, value]) =>
    value === null || own.some((attribute) => attribute.name === name)
      ? []
      : [{ name, text: String(value), json: JSON.stringify(value) }]
  )
  return [...own, ...added]
}
