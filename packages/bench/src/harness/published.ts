/**
 * Lets the project's packages be loaded as they are published, compiled, where the workspace would load their sources:
 * for `node --import`. Stripping types takes time and memory that no user pays.
 */
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"

const name = /^@labelstream\/([^/]+)(.*)$/

interface Manifest {
  readonly publishConfig: { readonly exports: Readonly<Record<string, { readonly default: string }>> }
}

registerHooks({
  resolve: (specifier, context, next) => {
    const [, folder, subpath] = name.exec(specifier) ?? []
    if (folder === undefined) return next(specifier, context)
    const manifest = new URL(`../../../${folder}/package.json`, import.meta.url)
    const { publishConfig } = JSON.parse(readFileSync(manifest, "utf8")) as Manifest
    const found = publishConfig.exports[`.${subpath}`]
    if (found === undefined) throw new Error(`${specifier} is not published`)
    return next(new URL(found.default, manifest).href, context)
  }
})
