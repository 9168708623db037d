/**
 * What `effect/cli` asks of the machine. Flags that are words and numbers need none of it, and to load what reads keys,
 * starts processes and makes random names takes longer than to read the flags.
 */
import type * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"

const missing = Effect.die(new Error("This command line needs more of the machine than it was given"))

/** For flags that are words and numbers. Anything that needs more dies. */
export const none: Layer.Layer<Command.Environment> = Layer.mergeAll(
  FileSystem.layerNoop({}),
  Path.layer,
  Stdio.layerTest({}),
  Layer.mock(ChildProcessSpawner, {}),
  Layer.succeed(
    Terminal.Terminal,
    Terminal.make({
      columns: missing,
      rows: missing,
      size: missing,
      readInput: missing,
      readLine: missing,
      display: () => missing
    })
  )
)

/** For the wizard, which reads keys, and for flags that name files. */
export const node: Layer.Layer<Command.Environment> = Layer.unwrap(
  Effect.map(Effect.promise(() => import("@effect/platform-node/NodeServices")), ({ layer }) => layer)
)
