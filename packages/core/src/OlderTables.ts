/** What a sink says of a target with the tables of an older version: such a target is read, and not written to. */
import { version } from "./AnnotationModel.ts"

/**
 * Returns the detail of the error with which a sink refuses to write. It ends with the command that converts the target.
 * `sink` is the name of the sink and `found` the version of the tables.
 */
export const refusal = (sink: string, target: string, found: number): string => {
  const next = target.replace(/(\.[^./\\]+)?$/, `-v${version}$1`)
  const command = `labelstream convert --from ${quoted(`${sink}:${target}`)} --to ${quoted(`${sink}:${next}`)}`
  return `${target} has the tables of version ${found}, and only those of version ${version} are written to. ` +
    `Convert it, and export into the new one: ${command}`
}

/** Quoted for a shell. */
const quoted = (text: string): string => /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
