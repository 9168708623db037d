#!/usr/bin/env node
/** The command as modules: how it runs in the workspace, and where sinks are used that do not come with it. */
import { start } from "./internal/start.ts"

await start(async () => {
  const { main } = await import("./internal/main.ts")
  await main({ isSealed: false })
})
