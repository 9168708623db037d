/** What is said of an image as a whole: its class, and the attributes that stand for one. */
import type { AnnotationModel } from "@labelstream/core"
import { type Html, html } from "../html.ts"
import { foreign, label } from "../sections/parts.ts"
import { isObject, parsed } from "./geometry.ts"

/** Most classes of an image that are shown, and most attributes of each. */
const limit = 8

const textOf = (value: unknown): string =>
  Array.isArray(value)
    ? value.map(textOf).join(", ") || "none"
    : typeof value === "string"
    ? value
    : JSON.stringify(value) ?? ""

const line = (row: AnnotationModel.AnnotationRow): Html => {
  const attributes = parsed(row.attributes)
  const pairs = isObject(attributes) ? Object.entries(attributes).slice(0, limit) : []
  return html`<li><b>${label(row.label, 60)}</b>${
    pairs.map(([name, value]) => html` <span>${foreign(name, 40)}: ${foreign(textOf(value), 60)}</span>`)
  }</li>`
}

/** The classes of an image; null if it has none. */
export const classesOf = (rows: ReadonlyArray<AnnotationModel.AnnotationRow>): Html | null =>
  rows.length === 0 ? null : html`<ul class="classes">${rows.slice(0, limit).map(line)}</ul>`
