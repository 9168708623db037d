#!/usr/bin/env node
/** The command. Node keeps the compiled modules between runs, so that the next start is faster. */
import { enableCompileCache } from "node:module"

enableCompileCache()
await import("./internal/main.ts")
