import * as nodeModule from "node:module"

/** The oldest Node.js that runs the command, as the packages' `engines` say. */
const [oldestMajor, oldestMinor] = [22, 19] as const

/** Runs the command, or says that this Node.js is too old. Compiled modules are kept, so that the next start is faster. */
export const start = async (command: () => Promise<void>): Promise<void> => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    process.stderr.write(
      `labelstream runs on Node.js ${oldestMajor}.${oldestMinor} and newer; this is ${process.version}\n`
    )
    process.exitCode = 1
    return
  }
  nodeModule.enableCompileCache()
  await command()
}
