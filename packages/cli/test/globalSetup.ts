/** Bundles the command and starts one PostgreSQL, once for a test run. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { rolldown } from "rolldown"
import type { TestProject } from "vitest/node"
import { providePostgres } from "../../../scripts/testPostgres.ts"
import bundle from "../rolldown.config.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** The package's folder as it is published, with `dist/command` and, for the modules, a `dist/bin.js` that runs `src`. */
    readonly published: string
  }
}

const cli = join(import.meta.dirname, "..")

/** Bundles the command as it is published: it starts in a third of the time that its modules take. */
const bundled = async () => {
  const around = mkdtempSync(join(tmpdir(), "labelstream-published-"))
  const folder = join(around, "package")
  const { output, ...input } = bundle
  if (output === undefined || Array.isArray(output)) throw new Error("the command is one bundle")
  mkdirSync(join(folder, "dist"), { recursive: true })
  await using build = await rolldown(input)
  await build.write({ ...output, dir: join(folder, "dist", "command") })
  cpSync(join(cli, "package.json"), join(folder, "package.json"))
  symlinkSync(join(cli, "node_modules"), join(folder, "node_modules"))
  writeFileSync(
    join(folder, "dist", "bin.js"),
    `await import(${JSON.stringify(pathToFileURL(join(cli, "src", "bin.ts")).href)})\n`
  )
  return { folder, remove: () => rmSync(around, { recursive: true, force: true }) }
}

let shared: ReturnType<typeof bundled> | undefined

/** Bundles the command for all packages of a test run. Returns a function that removes it. */
export const bundleCommand = async (project: TestProject) => {
  const { folder, remove } = await (shared ??= bundled())
  project.provide("published", folder)
  return remove
}

export const setup = async (project: TestProject) => {
  const [remove, server] = await Promise.all([bundleCommand(project), providePostgres(project)])
  return async () => {
    remove()
    await server?.stop()
  }
}
