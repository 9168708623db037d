import { FilesSink } from "@labelstream/sink-files"
import { exportMain } from "./support/exportMain.ts"

await exportMain((output) => [FilesSink.make({ directory: output })])
