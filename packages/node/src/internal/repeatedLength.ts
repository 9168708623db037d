/**
 * Accepts responses that name their length twice, as some proxies send them. HTTP allows equal lengths (RFC 9110, 8.6),
 * and undici's parser refuses them. So the head of a response is corrected before the parser sees it.
 */
import type { Socket } from "node:net"
import type { buildConnector } from "undici"

const headEnd = Buffer.from("\r\n\r\n")

const lengths = /\r\ncontent-length[ \t]*:[ \t]*(\d+(?:[ \t]*,[ \t]*\d+)*)[ \t]*(?=\r\n)/gi

/** Returns the head with one length if it names several equal ones; undefined if nothing needs a correction. */
const repaired = (head: string): string | undefined => {
  // Nearly all responses name one length once.
  lengths.lastIndex = 0
  const once = lengths.exec(head)
  if (once === null || !once[1]!.includes(",") && !lengths.test(head)) return undefined
  lengths.lastIndex = 0
  const named = Array.from(head.matchAll(lengths), ([, list = ""]) => list.split(",").map((length) => length.trim()))
    .flat()
  const [first] = named
  if (first === undefined || named.length < 2 || named.some((length) => length !== first)) return undefined
  let isFirst = true
  return head.replaceAll(lengths, () => {
    const line = isFirst ? `\r\ncontent-length: ${first}` : ""
    isFirst = false
    return line
  })
}

/** Returns the bytes read, with their head corrected. A head in several chunks is left as it came. */
const put = (read: Buffer): Buffer => {
  const end = read.indexOf(headEnd)
  if (end === -1) return read
  // The line end before the last header's empty line belongs to both.
  const head = read.toString("latin1", 0, end + 2)
  const better = head.startsWith("HTTP/") ? repaired(head) : undefined
  return better === undefined ? read : Buffer.concat([Buffer.from(better, "latin1"), read.subarray(end + 2)])
}

/** Watches a socket for the first bytes after each request: they begin an answer. */
const watch = (socket: Socket): void => {
  const { read, write } = socket
  let isAnswerDue = false
  const writing = (...args: Parameters<Socket["write"]>): boolean => {
    isAnswerDue = true
    return write.apply(socket, args)
  }
  socket.write = writing as Socket["write"]
  socket.read = (size?: number): unknown => {
    const chunk: unknown = size === undefined ? read.call(socket) : read.call(socket, size)
    if (!isAnswerDue || !(chunk instanceof Buffer)) return chunk
    isAnswerDue = false
    return put(chunk)
  }
}

/** A connector whose sockets are watched. */
export const tolerant = (connect: buildConnector.connector): buildConnector.connector => (options, callback) =>
  connect(options, (...result) => {
    const [error, socket] = result
    if (error === null && socket !== null && !("alpnProtocol" in socket && socket.alpnProtocol === "h2")) watch(socket)
    callback(...result)
  })
