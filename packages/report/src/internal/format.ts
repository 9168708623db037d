/** Numbers as people read them. */
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 })
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })
const fine = new Intl.NumberFormat("en", { maximumFractionDigits: 1 })

/** `1,234`. */
export const count = (value: number): string => whole.format(value)

/** `1,234 jobs`, `1 job`. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** With one decimal below a hundred. */
export const decimal = (value: number): string => (value < 100 ? fine : whole).format(value)

/** `1.2M`, for little room. */
export const short = (value: number): string =>
  value < 10_000 ? count(value) : value < 999_950 ? `${fine.format(value / 1e3)}k` : `${fine.format(value / 1e6)}M`

const units = ["B", "kB", "MB", "GB", "TB", "PB"]

/** Bytes in powers of a thousand. */
export const bytes = (value: number): string => {
  const power = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3))
  return `${decimal(value / 1000 ** power)} ${units[power]}`
}

/** A share in percent: 0% only if the part is 0, and 100% only if it is the whole. */
export const share = (part: number, of: number): string => {
  if (of === 0 || part === 0) return "0%"
  const percent = 100 * part / of
  if (percent < 0.1) return "<0.1%"
  if (percent > 99.9 && part < of) return ">99.9%"
  return part === of ? "100%" : `${tenths.format(percent)}%`
}

/** Milliseconds as `0.4 s`, `12 min 3 s`, `5 h 2 min`. */
export const duration = (millis: number): string => {
  const seconds = Math.max(0, millis) / 1000
  if (seconds < 60) return `${fine.format(seconds)} s`
  const rounded = Math.round(seconds)
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${rounded % 60} s`
  return `${count(Math.floor(rounded / 3600))} h ${Math.floor(rounded % 3600 / 60)} min`
}

/** Milliseconds since 1970 as `2026-11-24 21:11 UTC`. */
export const time = (millis: number): string => {
  const date = new Date(millis)
  return Number.isNaN(date.getTime()) ? "?" : `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`
}
