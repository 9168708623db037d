import { execFileSync } from "node:child_process"
import { join } from "node:path"

/** Builds the command as its package is published with it. */
export const bundleCommand = (): void => {
  const cli = join(import.meta.dirname, "..", "..", "..", "cli")
  execFileSync(join(cli, "node_modules", ".bin", "rolldown"), ["--config", "rolldown.config.ts"], { cwd: cli })
}
