#!/usr/bin/env node
/** The command: a simulator that runs until Ctrl-C, then reports what it served. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as SimulatorCommand from "./SimulatorCommand.ts"

const version = "0.0.0"

// Ctrl-C is how it is meant to end
const teardown: Runtime.Teardown = (exit, onExit) =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? onExit(0) : Runtime.defaultTeardown(exit, onExit)

Command.run(SimulatorCommand.make("labelstream-simulator"), { version }).pipe(
  Effect.tapError((error) => error._tag === "SimulatorError" ? Console.error(error.message) : Effect.void),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown })
)
