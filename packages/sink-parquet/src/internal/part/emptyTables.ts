/**
 * Gives a dataset without jobs a file without rows in each table, so that every reader finds the table and its columns.
 * The first run that ends with jobs in the dataset takes these files away. DuckDB finds views next to the tables.
 */
import { Files, Target } from "@labelstream/storage"
import { join } from "node:path"
import { tableNames } from "../tables.ts"
import { batchFolders, partsOf, type Place } from "../target.ts"
import { writeViews } from "../views.ts"
import { PartWriter } from "./partWriter.ts"
import type { Format } from "./rowGroup.ts"

/** The file in the folder of each table. */
export const emptyFile = "no-rows.parquet"

/** Writes the files, or removes them if there are jobs. Can be repeated. `place` is locked. */
export const keepReadable = async (place: Place, format: Format): Promise<void> => {
  const { fs, output, staging } = place
  const isEmpty = !await hasParts(place)
  for (const table of tableNames) {
    const folder = join(output, table)
    if (!isEmpty) {
      await fs.remove(join(folder, emptyFile))
      continue
    }
    await Target.ensureFolder(fs, folder)
    const staged = join(staging, emptyFile)
    await fs.remove(staged)
    const writer = await PartWriter.create(fs, staged, table, "", format)
    try {
      await writer.finish()
    } catch (error) {
      await writer.close().catch(() => {})
      throw error
    }
    await fs.rename(staged, join(folder, emptyFile))
    await Files.syncDirectory(fs, folder)
  }
  if (isEmpty) await Files.syncDirectory(fs, output)
  await writeViews(place)
}

const hasParts = async (place: Place): Promise<boolean> => {
  for (const folder of await batchFolders(place)) if ((await partsOf(place, folder)).length > 0) return true
  return false
}
