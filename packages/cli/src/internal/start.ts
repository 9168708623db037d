import * as nodeModule from "node:module"
import { engines } from "./version.ts"

/** Runs the command, or says that this Node.js is too old. Compiled modules are kept, so that the next start is faster. */
export const start = async (command: () => Promise<void>): Promise<void> => {
  const oldest = engines.node.replace(">=", "")
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split(".").map(Number)
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    process.stderr.write(
      `Labelstream needs Node.js ${oldest} or newer, and this is ${process.versions.node}.\n`
    )
    process.exitCode = 1
    return
  }
  nodeModule.enableCompileCache()
  await command()
}
