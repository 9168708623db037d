/**
 * Image segmentation (documented): `legend` maps a color of the mask to `road` or, for one of several, `car # 4`.
 */
import type { RowWriter } from "./rowWriter.ts"

/** Decodes one entry of a color legend. */
export const colorEntry = (color: string, name: unknown, path: string, out: RowWriter): void => {
  if (typeof name !== "string") return out.problem(path, "expected the name of a class")
  out.segment(null, name, color, undefined, path)
}
