/**
 * Page tokens: decimal strings of 19 digits just below 2^63, as opaque as the platform's. Read as a floating-point
 * number a token loses its last digits, and with them its check.
 */
import { hash } from "./random.ts"

const top = 9223372036854775807n

const value = (seed: number, batch: number, offset: number): bigint =>
  (BigInt(offset) << 10n) | BigInt(hash(seed, batch, offset, 9) & 1023)

/** The token of the page that begins at an offset. */
export const make = (seed: number, batch: number, offset: number): string => String(top - value(seed, batch, offset))

/** Returns the offset of a token, or undefined if it is not one of this batch. */
export const read = (seed: number, batch: number, token: string): number | undefined => {
  if (!/^9\d{18}$/.test(token)) return undefined
  const given = top - BigInt(token)
  if (given < 0n || given >> 42n !== 0n) return undefined
  const offset = Number(given >> 10n)
  return value(seed, batch, offset) === given ? offset : undefined
}
