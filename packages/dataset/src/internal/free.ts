/** Frees large memory as soon as nobody needs it. */

/** Bytes from which on this is worth it. Smaller arrays may share their memory with others. */
const large = 1024 * 1024

/**
 * Empties an array that nobody else refers to, if it is large. V8 frees its memory only when it collects all garbage, and
 * does that for every few dozen megabytes. Until then, the next array needs new pages, which take longer to get than to fill.
 */
export const free = ({ buffer }: ArrayBufferView): void => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= large) buffer.transfer(0)
}
