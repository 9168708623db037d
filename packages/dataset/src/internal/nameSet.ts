/**
 * A set of texts by a hash of 64 bits: 16 bytes for each, so that a million names take 16 MB. Texts of the same hash count
 * as the same, which costs a name that is longer than it need be, once in many billions.
 */
export class NameSet {
  #slots: BigUint64Array
  #size: number

  constructor(slots = new BigUint64Array(1024), size = 0) {
    this.#slots = slots
    this.#size = size
  }

  /** Adds a text; false if it was there. */
  add(text: string): boolean {
    if (!place(this.#slots, hash(text))) return false
    if (++this.#size * 2 > this.#slots.length) this.#grow()
    return true
  }

  copy(): NameSet {
    return new NameSet(this.#slots.slice(), this.#size)
  }

  #grow(): void {
    const slots = new BigUint64Array(this.#slots.length * 2)
    for (const value of this.#slots) if (value !== 0n) place(slots, value)
    this.#slots = slots
  }
}

const place = (slots: BigUint64Array, value: bigint): boolean => {
  const last = slots.length - 1
  for (let at = Number(value & 0xffffffffn) & last;; at = (at + 1) & last) {
    if (slots[at] === value) return false
    if (slots[at] === 0n) {
      slots[at] = value
      return true
    }
  }
}

/** Two hashes of 32 bits by different multipliers; never zero, which marks a slot that is free. */
const hash = (text: string): bigint => {
  let [a, b] = [0x811c9dc5, 0x9e3779b9]
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ unit, 0x85ebca6b)
    b ^= b >>> 13
  }
  a = Math.imul(a ^ (a >>> 16), 0x7feb352d)
  return (BigInt(b >>> 0) << 32n) | BigInt(((a ^ (a >>> 15)) | 1) >>> 0)
}
