/**
 * Lets the project's packages be loaded as they are published, compiled, where the workspace would load their sources:
 * for `node --import`. Stripping types takes time and memory that no user pays.
 */
import { registerHooks } from "node:module"

const scope = "@labelstream/"

registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith(scope)
      ? next(new URL(`../../../${specifier.slice(scope.length)}/dist/index.js`, import.meta.url).href, context)
      : next(specifier, context)
})
