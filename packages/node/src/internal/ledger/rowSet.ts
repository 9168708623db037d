// In bits; in bytes that are 4096.
const pageSize = 32768

/** A set of row ids, which are close together: one bit each, a million rows are 125 KB. */
export class RowSet {
  private readonly pages = new Map<number, Uint8Array>()

  /** Returns whether the row was not in it before. */
  add(id: number): boolean {
    const page = Math.floor(id / pageSize)
    let bits = this.pages.get(page)
    if (bits === undefined) this.pages.set(page, bits = new Uint8Array(pageSize / 8))
    const at = id % pageSize
    const before = bits[at >>> 3] ?? 0
    bits[at >>> 3] = before | (1 << (at & 7))
    return (before & (1 << (at & 7))) === 0
  }

  has(id: number): boolean {
    const at = id % pageSize
    return ((this.pages.get(Math.floor(id / pageSize))?.[at >>> 3] ?? 0) & (1 << (at & 7))) !== 0
  }

  /** The rows in order. */
  *[Symbol.iterator](): Generator<number> {
    for (const [page, bits] of Array.from(this.pages).sort(([a], [b]) => a - b)) {
      for (let at = 0; at < pageSize; at++) {
        if (((bits[at >>> 3] ?? 0) >>> (at & 7) & 1) === 1) yield pageSize * page + at
      }
    }
  }
}
