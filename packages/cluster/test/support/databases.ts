/** Databases for tests: a new SQLite file, or a new database of the server that the test run has started. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { SqliteClient } from "../../src/index.ts"
import { temporaryFolder } from "./folders.ts"

/** A client for a new SQLite file that goes with the layer. */
export const sqlite = Layer.unwrap(
  Effect.map(temporaryFolder, (folder) => SqliteClient.layer({ file: join(folder, "cluster.db") }))
)
