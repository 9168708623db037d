import { FilesystemSink } from "@labelstream/sink-filesystem"
import { exportMain } from "./support/exportMain.ts"

await exportMain((output) => [FilesystemSink.make({ directory: output })])
