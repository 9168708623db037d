import { SqliteSink } from "@labelstream/sink-sqlite"
import { join } from "node:path"
import { exportMain } from "./support/exportMain.ts"
import { queryDatabase } from "./support/queries.ts"

const file = (output: string) => join(output, "labelstream.sqlite")

await exportMain(
  (output) => [SqliteSink.make({ file: file(output) })],
  async (output) => queryDatabase(file(output))
)
