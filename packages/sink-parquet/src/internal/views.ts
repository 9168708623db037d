/** The views of the model for DuckDB, in a file next to the tables that readers of Parquet pass over. */
import { TableViews } from "@labelstream/core/sink"
import { Files, Hash } from "@labelstream/storage"
import { createHash } from "node:crypto"
import { join } from "node:path"
import { tableNames } from "./tables.ts"
import type { Place } from "./target.ts"

/** In the folder of the dataset. */
const viewsFile = "_views.sql"

// Parts that were written before a table gained a column do not have it.
const tableOf = (name: string) =>
  `CREATE OR REPLACE VIEW ${name} AS\n` +
  `  FROM read_parquet('${name}/**/*.parquet', union_by_name = true, hive_partitioning = false);\n`

// The id is microseconds since 1970, save its last 3 digits.
const startedAt = (id: string) => `strftime(make_timestamp(${id}), '%Y-%m-%dT%H:%M:%S.%gZ')`

const sql = `-- The tables and views of this dataset for DuckDB. From within its folder: duckdb -init ${viewsFile}
-- From elsewhere, before you read this file: SET file_search_path = 'path/of/dataset';
${tableNames.map(tableOf).join("")}
${TableViews.sql({ startedAt })}`

const bytes = Buffer.from(sql)
const file = { path: viewsFile, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }

/** Writes the file, complete or not at all, unless it is there already. `place` is locked. */
export const writeViews = async ({ fs, output, staging }: Place): Promise<void> => {
  if (await Hash.compare(fs, output, file, true) === "same") return
  const staged = join(staging, viewsFile)
  await fs.remove(staged)
  await Files.writeNew(fs, staged, bytes)
  await fs.rename(staged, join(output, viewsFile))
  await Files.syncDirectory(fs, output)
}
