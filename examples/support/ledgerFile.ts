import { join } from "node:path"

/** The ledger of the examples: that of the `labelstream` command, whose status, verify, and report then find their jobs. */
export const ledgerFile = (): string => process.env["LABELSTREAM_LEDGER"] || join(".labelstream", "ledger.sqlite")
