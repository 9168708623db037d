/**
 * Lets answers be read that name their length twice, as proxies send them. HTTP allows to take equal lengths for one
 * (RFC 9110, 8.6), and undici's parser refuses them. So the head of an answer is put right before the parser sees it.
 */
import type { Socket } from "node:net"
import type { buildConnector } from "undici"

const headEnd = Buffer.from("\r\n\r\n")

const lengths = /\r\ncontent-length[ \t]*:[ \t]*(\d+(?:[ \t]*,[ \t]*\d+)*)[ \t]*(?=\r\n)/gi

/** Whether a head names its length twice: nearly none does, and finding that out must cost next to nothing. */
const mayRepeat = (head: string): boolean => {
  const text = head.toLowerCase()
  const first = text.indexOf("content-length")
  return first !== -1
    && (text.includes("content-length", first + 1) || text.slice(first, text.indexOf("\r\n", first)).includes(","))
}

/** The head with one length where it names several equal ones; undefined where there is nothing to put right. */
const repaired = (head: string): string | undefined => {
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

/** What was read, with its head put right. A head in several pieces is left as it came. */
const put = (read: Buffer): Buffer => {
  const end = read.indexOf(headEnd)
  if (end === -1 || read.toString("latin1", 0, 5) !== "HTTP/") return read
  // The line end before the last header's empty line belongs to both.
  const text = read.toString("latin1", 0, end + 2)
  const head = mayRepeat(text) ? repaired(text) : undefined
  return head === undefined ? read : Buffer.concat([Buffer.from(head, "latin1"), read.subarray(end + 2)])
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
