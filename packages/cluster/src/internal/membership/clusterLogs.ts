import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"

const own = /^(effect\/cluster|@effect\/cluster)/
/** Messages without a module, about locks and about connections that a lost runner has left. */
const plain = /^(Shard lock storage |Unhandled error in SocketServer)/

const isOfCluster = ({ fiber, message }: Logger.Options<unknown>): boolean => {
  const { module, package: name } = fiber.getRef(References.CurrentLogAnnotations)
  const [text] = Array.isArray(message) ? message as ReadonlyArray<unknown> : [message]
  return own.test(String(module)) || own.test(String(name)) || plain.test(String(text))
}

/**
 * Drops the logs of Effect Cluster unless debug messages are shown: while the database is down, it logs a stack trace per
 * shard and second. A runner logs one line when an outage begins, and one when it ends.
 */
export const layerQuiet: Layer.Layer<never> = Layer.effect(
  Logger.CurrentLoggers,
  Effect.gen(function*() {
    const loggers = yield* Logger.CurrentLoggers
    if (!LogLevel.isGreaterThan(yield* References.MinimumLogLevel, "Debug")) return loggers
    return new Set(
      Array.from(loggers, (logger) => Logger.make((entry) => isOfCluster(entry) ? undefined : logger.log(entry)))
    )
  })
)
