/** A set of row ids, which are small and close together: one bit each, a million rows are 125 KB. */
export class RowSet {
  private bits = new Uint8Array(1024)

  /** Answers whether the row was not in it before. */
  add(id: number): boolean {
    const at = id >>> 3
    if (at >= this.bits.length) {
      const grown = new Uint8Array(Math.max(2 * this.bits.length, at + 1))
      grown.set(this.bits)
      this.bits = grown
    }
    const before = this.bits[at] ?? 0
    this.bits[at] = before | (1 << (id & 7))
    return (before & (1 << (id & 7))) === 0
  }

  has(id: number): boolean {
    return ((this.bits[id >>> 3] ?? 0) & (1 << (id & 7))) !== 0
  }

  /** The rows in order. */
  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.bits.length; at++) {
      const byte = this.bits[at] ?? 0
      for (let bit = 0; byte >>> bit !== 0; bit++) if ((byte >>> bit & 1) === 1) yield 8 * at + bit
    }
  }
}
