/**
 * Frees the memory of chunks that came from the wire as soon as they are on disk. V8 frees it only when it collects all
 * garbage, and does that for every few dozen megabytes that arrive: a full collection costs more than hashing them does.
 */

// Memory that only the reader of the body refers to.
const owned = new WeakSet<ArrayBufferLike>()

/** Records that a chunk belongs to its reader alone, if it is all that its memory holds. */
export const own = (chunk: Uint8Array): void => {
  if (chunk.byteLength === chunk.buffer.byteLength) owned.add(chunk.buffer)
}

/** Empties a chunk that was noted so; any other stays as it is. */
export const free = ({ buffer }: Uint8Array): void => {
  if (owned.delete(buffer)) (buffer as ArrayBuffer).transfer(0)
}
