/** The source of image sizes that settings name. */
import { type Export, Sizes } from "@labelstream/core"
import { NodeSizes } from "@labelstream/node"
import * as Effect from "effect/Effect"
import { statSync } from "node:fs"
import { type Failure, SettingsError } from "../failure.ts"
import { absolute, schemeOf } from "./paths.ts"
import type { Settings } from "./settings.ts"

/** Whether sizes are requested from where the images are. */
export const isFetched = ({ sizes }: Pick<Settings, "sizes">): boolean => sizes?.text === "fetch"

/** The option `sizes` of an export. Fails if there is no such folder or table, and if the size is impossible. */
export const sizesOf = (
  { sizes }: Pick<Settings, "sizes">
): Effect.Effect<Pick<Export.Options, "sizes">, Failure> => {
  if (sizes === undefined) return Effect.succeed({})
  const { folder, text } = sizes
  const [, width, height] = /^(\d{1,10})x(\d{1,10})$/i.exec(text) ?? []
  if (text === "fetch") return Effect.succeed({ sizes: Sizes.fetch })
  if (width !== undefined) {
    const source = Sizes.fixed({ width: Number(width), height: Number(height) })
    return Effect.as(Sizes.check(source), { sizes: source })
  }
  if (schemeOf(text) !== undefined) {
    return new SettingsError({
      message:
        `--sizes takes a folder or a table of this machine, and ${text} is a URL. To read the images where they ` +
        "are, use --sizes fetch"
    })
  }
  const path = absolute(folder, text)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) {
    return new SettingsError({
      message: `--sizes: there is no folder or table ${text}. It takes fetch, DIR, TABLE.csv, or WxH such as 1920x1080`
    })
  }
  return Effect.map(
    found.isDirectory() ? NodeSizes.folder(path) : NodeSizes.table(path),
    (source) => ({ sizes: source })
  )
}
