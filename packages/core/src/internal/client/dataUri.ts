/** Decodes the `data:` URIs (RFC 2397) of a result: these files need no request. */

/** A decoded URI. */
export interface DataUri {
  readonly bytes: Uint8Array
  /** In lower case, without parameters, or null. */
  readonly mediaType: string | null
}

export const isDataUri = (url: string): boolean => /^\s*data:/i.test(url)

/** The bytes of a `data:` URI, or undefined if they cannot be read. */
export const decodeDataUri = (url: string): DataUri | undefined => {
  const comma = url.indexOf(",")
  if (comma === -1) return undefined
  const [type = "", ...parameters] = url.slice(url.indexOf(":") + 1, comma).split(";").map((part) => part.trim())
  const isBase64 = parameters.at(-1)?.toLowerCase() === "base64"
  const bytes = isBase64 ? fromBase64(url.slice(comma + 1)) : unescaped(url.slice(comma + 1))
  return bytes === undefined ? undefined : { bytes, mediaType: type === "" ? null : type.toLowerCase() }
}

/** With white space, in either alphabet, and with or without padding, as writers have it. */
const fromBase64 = (text: string): Uint8Array | undefined => {
  const plain = text.includes("%") ? unescapedText(text) : text
  if (plain === undefined) return undefined
  try {
    const binary = atob(plain.replaceAll("-", "+").replaceAll("_", "/"))
    const bytes = new Uint8Array(binary.length)
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
    return bytes
  } catch {
    return undefined
  }
}

const unescapedText = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Returns the bytes of text with percent escapes, which need not be UTF-8. Other text stays as it is. */
const unescaped = (text: string): Uint8Array => {
  const encoded = new TextEncoder().encode(text)
  const bytes = new Uint8Array(encoded.length)
  let size = 0
  for (let at = 0; at < encoded.length; at++) {
    const code = encoded[at] === 0x25 ? /^[\da-f]{2}$/i.exec(pair(encoded, at)) : null
    bytes[size++] = code === null ? encoded[at]! : Number.parseInt(code[0], 16)
    if (code !== null) at += 2
  }
  return bytes.slice(0, size)
}

const pair = (bytes: Uint8Array, at: number): string => String.fromCharCode(bytes[at + 1] ?? 0, bytes[at + 2] ?? 0)
