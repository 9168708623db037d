import { ParquetSink } from "@labelstream/sink-parquet"
import { exportMain } from "./support/exportMain.ts"
import { queryDataset } from "./support/queries.ts"

await exportMain((output) => [ParquetSink.make({ directory: output })], queryDataset)
