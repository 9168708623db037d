/** Reads XML with a parser that refuses what is not well-formed. */
import { parseXml, XmlElement, XmlText } from "@rgrove/parse-xml"
import { execFileSync } from "node:child_process"

/** An element: its attributes, its elements, and its text. */
export interface Node {
  readonly name: string
  readonly at: Readonly<Record<string, string>>
  readonly children: ReadonlyArray<Node>
  readonly text: string
}

const nodeOf = (element: XmlElement): Node => ({
  name: element.name,
  at: element.attributes,
  children: element.children.flatMap((child) => child instanceof XmlElement ? [nodeOf(child)] : []),
  text: element.children.map((child) => child instanceof XmlText ? child.text : "").join("")
})

export const readXml = (bytes: Uint8Array): Node =>
  nodeOf(parseXml(new TextDecoder("utf-8", { fatal: true }).decode(bytes)).root!)

/** The elements of a name. */
export const all = ({ children }: Node, name: string): ReadonlyArray<Node> =>
  children.filter((child) => child.name === name)

/** The only element of a name. */
export const only = (node: Node, name: string): Node => {
  const [found, ...more] = all(node, name)
  if (found === undefined || more.length > 0) throw new Error(`${node.name} has not one ${name}`)
  return found
}

/** Whether `xmllint` takes the document; undefined where it is not installed. */
export const lint = (bytes: Uint8Array): boolean | undefined => {
  try {
    execFileSync("xmllint", ["--noout", "-"], { input: bytes, stdio: ["pipe", "ignore", "ignore"] })
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : false
  }
}
