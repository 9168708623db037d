/** What the colors of a drawing, or of a mask, stand for. */
import type { AnnotationModel } from "@labelstream/core"
import * as format from "../format.ts"
import { type Html, html } from "../html.ts"
import { foreign, label, more } from "../sections/parts.ts"
import type { Colors } from "./colors.ts"

const lineLimit = 12
const segmentLimit = 12

const hexColor = /^#[0-9a-f]{6}$/

/** A color of the platform, or an empty field if it cannot be shown. */
const swatch = (color: string | null): Html =>
  html`<svg aria-hidden="true" viewBox="0 0 10 10">${
    color !== null && hexColor.test(color)
      ? html`<rect width="9" height="9" x="0.5" y="0.5" rx="2" fill="${color}" stroke="#808080"/>`
      : html`<rect width="9" height="9" x="0.5" y="0.5" rx="2" fill="none" stroke="#808080"/>`
  }</svg>`

const segment = ({ color, instance, label: name, label_key }: AnnotationModel.AnnotationRow): Html =>
  html`<li>${swatch(color)}<span>${label(name, 40)}${
    instance === null ? null : html` <span class="soft">#${foreign(instance, 20)}</span>`
  }${label_key === null ? null : html` <span class="soft">key ${label_key}</span>`}</span></li>`

/** The segments of a job, in the platform's colors; null if it has none. */
export const segmentKey = (rows: ReadonlyArray<AnnotationModel.AnnotationRow>): Html | null => {
  const kinds = new Map(
    rows.filter(({ type }) => type === "segment")
      .map((row) => [JSON.stringify([row.label, row.instance, row.color, row.label_key]), row])
  )
  if (kinds.size === 0) return null
  return html`<ul class="key">${Array.from(kinds.values()).slice(0, segmentLimit).map(segment)}</ul>${
    more(kinds.size - segmentLimit, "segment")
  }`
}

/** The page's own colors as they were used in drawings; null if they were not. */
export const colorKey = (colors: Colors): Html | null => {
  const lines = colors.key().filter(({ count }) => count > 0)
  if (lines.length === 0) return null
  return html`<ul class="key">${
    lines.slice(0, lineLimit).map(({ color, count, label: text, track }) =>
      html`<li><svg class="${color}" aria-hidden="true" viewBox="0 0 10 10"><rect width="10" height="10" rx="2" fill="currentColor"/></svg><span>${
        label(text, 40)
      } <span class="soft">${
        track ? `drawn in ${format.counted(count, "frame")}` : format.count(count)
      }</span></span></li>`
    )
  }</ul>${more(lines.length - lineLimit, lines.some(({ track }) => track) ? "object" : "label")}`
}
