/** Words and numbers as people read them. */

const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 1 })

/** A number with separators and one decimal at most. */
export const count = (value: number): string => numbers.format(value)

/** A size in the unit that suits it. */
export const bytes = (value: number): string => {
  const units = ["B", "kB", "MB", "GB", "TB"]
  const power = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3))
  return `${numbers.format(value / 1000 ** power)} ${units[power]}`
}

/** `1 job`, `2 jobs`. */
export const jobs = (value: number): string => `${count(value)} ${value === 1 ? "job" : "jobs"}`

/** About how long, in one unit. */
export const about = (seconds: number): string => {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  return seconds < 48 * 3600
    ? `${count(Math.round(seconds / 360) / 10)} h`
    : `${count(Math.round(seconds / 8640) / 10)} days`
}

/** What would steer a terminal, turn the direction of its text, or not show at all. */
const steering =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu

/** Ids and messages come from elsewhere: what would steer a terminal is shown as its code. New lines stay. */
export const plain = (text: string): string =>
  text.replaceAll(steering, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** As {@link plain}, on one line. */
export const onOneLine = (text: string): string => plain(text).replaceAll("\n", "\\u000a")

/** A word as a shell reads it. What looks like a password in a URL is not shown. */
export const shellWord = (text: string): string => {
  const shown = text.replace(/(:\/\/[^/:@\s]*:)[^/@\s]*@/, "$1***@")
  return /^[\w.:/@%+,=~-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`
}
