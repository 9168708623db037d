/** Prepares a test run: calls the `globalSetup.ts` of each package whose tests run, all at the same time. */
import { globSync } from "node:fs"
import { dirname, join, sep } from "node:path"
import type { TestProject } from "vitest/node"
import { root } from "./docPages.ts"

/** Prepares the tests of a package. Returns a function that removes what it made. */
type Setup = (project: TestProject) => Promise<() => void | Promise<void>>

export const setup = async (project: TestProject) => {
  const files = project.vitest.state.getPaths()
  const needed = globSync("{packages/*,examples}/test/globalSetup.ts", { cwd: root }).map((file) => join(root, file))
    .filter((file) => files.some((test) => test.startsWith(dirname(file) + sep)))
  const removals = await Promise.all(
    needed.map(async (file) => (await import(file) as { readonly setup: Setup }).setup(project))
  )
  return () => Promise.all(removals.map(async (remove) => remove()))
}
