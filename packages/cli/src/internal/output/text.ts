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

/** `1 image`, `2 images`; `many` if another word than `images` is the plural. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** `1 job`, `2 jobs`. */
export const jobs = (value: number): string => counted(value, "job")

/** About how long, in one unit. */
export const about = (seconds: number): string => {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  return seconds < 48 * 3600
    ? `${count(Math.round(seconds / 360) / 10)} h`
    : `${count(Math.round(seconds / 8640) / 10)} days`
}

/** A text without what looks like a password or a token in its URLs. */
export const withoutSecrets = (text: string): string =>
  text.replace(/(:\/\/(?:[^:@/\s]*:)?)\S*@/g, "$1***@")
    .replace(/([?&;][^=&;\s]*(?:pass|pwd|secret|token|key|sig)[^=&;\s]*=)[^&;\s]*/gi, "$1***")

/** A word as a shell reads it, without secrets. */
export const shellWord = (text: string): string => {
  const shown = withoutSecrets(text)
  return /^[\w.:/@%+,=~-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`
}
