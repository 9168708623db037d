/** The server that the test run has started: schemas, users, and sinks of it. */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { randomUUID } from "node:crypto"
import { PostgresSink } from "../../src/index.ts"

/** Of the server's owner. */
export const url = Redacted.make(process.env[PostgresSink.urlVariable] ?? "")

export const newSchema = () => `s${randomUUID().replaceAll("-", "")}`

/** Runs statements as the server's owner. Returns the rows of the last. */
export const asOwner = (statements: ReadonlyArray<string>, server = url) =>
  Effect.scoped(
    Effect.flatMap(PgConnection.make({ url: server }), (db) =>
      Effect.map(
        Effect.forEach(statements, (sql) => db.query(sql)),
        (results) => results.at(-1)?.rows ?? []
      ))
  )

/** The server's URL with another user, database, or setting. */
export const urlWith = (change: (url: URL) => void) => {
  const changed = new URL(Redacted.value(url))
  change(changed)
  return Redacted.make(changed.href)
}

/** The server's URL for a new user who may do all in the database, with settings of its own: `NAME = VALUE` each. */
export const userWith = Effect.fnUntraced(function*(settings: ReadonlyArray<string>) {
  const role = `user_${newSchema().slice(1, 13)}`
  yield* asOwner([
    `CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'x'`,
    ...settings.map((setting) => `ALTER ROLE ${role} SET ${setting}`)
  ])
  return { role, url: urlWith((url) => Object.assign(url, { username: role, password: "x" })) }
})

/** A sink on a new schema. The server does not sync, so that tests are fast. */
export const make = (options: Partial<PostgresSink.Options> = {}) =>
  PostgresSink.make({ url, schema: newSchema(), durability: "process", ...options })
