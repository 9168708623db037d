/**
 * Names and colors of segments. Masks distinguish instances of a class by the text `car # 4` (documented) and write
 * colors as `#03f561` or `rgb(244, 35, 242)` (both documented), not always with six digits.
 */

/** A segment's class, and its instance if its name has one. */
export interface SegmentName {
  readonly label: string
  readonly instance: string | null
}

/** Splits at the last `#` that blanks precede and only digits follow: `car # 4`, `MINIVAN #1`, but not `C#1`. */
export const segmentName = (name: string): SegmentName => {
  const at = name.lastIndexOf("#")
  if (at > 0 && isBlank(name.charCodeAt(at - 1))) {
    const instance = name.slice(at + 1).trim()
    const label = name.slice(0, at).trim()
    if (label !== "" && isDigits(instance)) return { label, instance }
  }
  return { label: name, instance: null }
}

const isBlank = (code: number) => code === 0x20 || code === 0x09 || code === 0xa0

const isDigits = (value: string): boolean => {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return false
  }
  return value.length > 0
}

const rgb = /^rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?:,[^)]{0,32})?\)$/i
const hex = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i

/** `#rrggbb` of a color in either form, or other text in lower case; null if there is none. */
export const normalColor = (value: unknown): string | null => {
  if (typeof value !== "string" || value === "") return null
  if (value.length > 64) return value.toLowerCase()
  const color = colors.get(value)
  if (color !== undefined) return color
  const normal = parseColor(value.trim())
  if (colors.size >= 4096) colors.clear()
  colors.set(value, normal)
  return normal
}

// A document draws with few colors and repeats them on every annotation; the bound keeps hostile ones from piling up.
const colors = new Map<string, string>()

const parseColor = (value: string): string => {
  const parts = rgb.exec(value)
  if (parts !== null) {
    const [, r, g, b] = parts
    const channels = [Number(r), Number(g), Number(b)]
    if (channels.every((channel) => channel <= 255)) {
      return `#${channels.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`
    }
  }
  const code = hex.exec(value)?.[1]?.toLowerCase()
  if (code === undefined) return value.toLowerCase()
  return code.length === 6 ? `#${code}` : `#${Array.from(code, (digit) => digit + digit).join("")}`
}
