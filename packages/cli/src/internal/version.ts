import { readFileSync } from "node:fs"

/**
 * The package's version, and the Node.js that it needs. Its file is two folders up from here: in `src`, in `dist`, and in
 * the bundle.
 */
export const { engines, version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8")
) as { readonly version: string; readonly engines: { readonly node: string } }
