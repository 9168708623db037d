/** The host, port, and database of a PostgreSQL URL, for people and for names. None of it is secret. */
import * as Redacted from "effect/Redacted"

export interface Place {
  readonly host: string
  readonly port: string
  readonly database: string
}

/** How such a URL is written. */
export const form = "postgres://USER:PASSWORD@HOST:PORT/DATABASE"

/** Returns host, port, and database of a URL; undefined if it is not a PostgreSQL URL, or cannot be read. */
export const placeOf = (url: Redacted.Redacted): Place | undefined => {
  const text = Redacted.value(url)
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) return undefined
  const { hostname, pathname, port } = new URL(text)
  return {
    host: hostname === "" ? "localhost" : hostname,
    port: port === "" ? "5432" : port,
    database: pathname.slice(1)
  }
}

/** Says where a database is, for people. */
export const describe = ({ database, host, port }: Place): string => `PostgreSQL at ${host}:${port}/${database}`
