#!/usr/bin/env node
/** The command as it is published: bundled with what it needs into `dist/command`. See `internal/handOver.ts`. */
import { start } from "./internal/start.ts"

await start(async () => {
  const { main } = await import("./internal/main.ts")
  const ended = await main({ isSealed: true })
  // Resolved from the bundle, which must not include these modules.
  if (ended === "handed over") await import(new URL("../bin.js", import.meta.url).href)
})
