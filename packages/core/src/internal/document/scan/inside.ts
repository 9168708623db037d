/**
 * Skips the inside of arrays, objects and strings: nearly all bytes of a document.
 */

const quote = 0x22
const backslash = 0x5c

/** The position of a scan within a value whose end may be in a later chunk. */
export class Inside {
  /** Brackets that are open. */
  depth = 0
  /** Whether the scan is in a string. */
  inString = false
  /** Whether what was skipped may name a file; it is for the caller to start again. */
  notable = false

  private escaped = false

  /** Scans to the end of the array or object, at depth 0, or to the end of the chunk. */
  toEnd(chunk: Uint8Array, from: number): number {
    const length = chunk.length
    let at = from
    let depth = this.depth
    if (this.inString) {
      at = this.toQuote(chunk, at)
      if (this.inString) return at
    }
    while (at < length) {
      let byte = chunk[at++]!
      if (byte === quote) {
        let code = 0
        while (at < length && (code = chunk[at]!) !== quote && code !== backslash) at++
        if (at < length && code === quote) {
          // Names of files are called url, mask_url, label_url: an element without such an end names none.
          if (chunk[at - 1] === 0x6c && chunk[at - 2] === 0x72 && chunk[at - 3] === 0x75) this.notable = true
          at++
        } else {
          this.inString = true
          this.notable = true
          at = this.toQuote(chunk, at)
          if (this.inString) break
        }
        // Mostly a colon and a number follow: their own loop is better predicted.
        while (at < length && (byte = chunk[at]!) <= 0x5a && byte !== quote) at++
      } else if (byte > 0x5a) {
        const folded = byte | 0x20
        if (folded === 0x7b) {
          depth++
        } else if (folded === 0x7d && --depth === 0) {
          this.depth = 0
          return at
        }
      }
    }
    this.depth = depth
    return at
  }

  /** Runs past the quote that ends the string, or to the end of the chunk. */
  toQuote(chunk: Uint8Array, from: number): number {
    let at = from
    while (at < chunk.length) {
      const byte = chunk[at++]!
      if (this.escaped) {
        this.escaped = false
      } else if (byte === backslash) {
        this.escaped = true
      } else if (byte === quote) {
        this.inString = false
        return at
      }
    }
    return at
  }
}
