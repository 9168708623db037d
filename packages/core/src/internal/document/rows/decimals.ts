/**
 * Writes numbers from 0 to 1 with up to six decimals, as the platform writes coordinates. It joins prepared parts,
 * which takes a quarter of the time of `JSON.stringify`.
 */

/** By number of thousandths: the text of a number that has no further decimals, of one that has, and further decimals. */
const thousandths: Array<string> = []
const begun: Array<string> = []
const ended: Array<string> = []

// Takes a millisecond, which a process that reads no rows need not spend.
const fill = () => {
  for (let n = 0; n <= 1000; n++) {
    const text = String(n / 1000)
    thousandths.push(text)
    begun.push((n / 1000).toFixed(3))
    ended.push(text.slice(2))
  }
}

/** The text that `JSON.stringify` gives, or undefined for all other numbers, -0 among them. */
export const decimalText = (value: unknown): string | undefined => {
  if (typeof value !== "number") return undefined
  const millionths = Math.round(value * 1e6)
  // Two decimals with so few digits never share their nearest double, so digits that divide to the value are its own.
  if (!(millionths >= 0 && millionths <= 1e6 && millionths / 1e6 === value)) return undefined
  if (thousandths.length === 0) fill()
  const high = millionths / 1000 | 0
  const low = millionths - high * 1000
  if (low > 0) return begun[high]! + ended[low]!
  return Object.is(value, -0) ? undefined : thousandths[high]
}
