import { FilesSink } from "@labelstream/sink-files"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import { join } from "node:path"
import { exportMain } from "./support/exportMain.ts"
import { queryDatabase, queryDataset } from "./support/queries.ts"

const file = (output: string) => join(output, "sqlite", "labelstream.sqlite")
const dataset = (output: string) => join(output, "parquet")

await exportMain(
  (output) => [
    FilesSink.make({ directory: join(output, "files") }),
    SqliteSink.make({ file: file(output) }),
    ParquetSink.make({ directory: dataset(output) })
  ],
  async (output) => `${queryDatabase(file(output))}\n\n${await queryDataset(dataset(output))}`
)
