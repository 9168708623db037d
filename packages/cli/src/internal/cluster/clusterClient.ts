/** The cluster that settings name, as those see it who hand exports in. */
import { ClusterStorage, ExportStore, Membership, SqlLedger } from "@labelstream/cluster"
import type { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { SqlClient } from "effect/sql/SqlClient"
import { SettingsError } from "../failure.ts"
import type { Settings } from "../settings/settings.ts"

/** The cluster's database that settings name. */
export const clusterOf = ({ cluster }: Settings): Effect.Effect<Redacted.Redacted, SettingsError> =>
  cluster === undefined
    ? new SettingsError({
      message: "Say which cluster: --cluster sqlite:FILE for several processes of this machine, or set " +
        "LABELSTREAM_CLUSTER to postgres://USER:PASSWORD@HOST/DATABASE"
    })
    : Effect.succeed(cluster)

/** What is kept in the cluster's database. */
export const stores = (
  url: Redacted.Redacted,
  options: ClusterStorage.Options = {}
): Layer.Layer<SqlClient | Ledger.Ledger | ExportStore.ExportStore, Ledger.LedgerError> =>
  Layer.mergeAll(SqlLedger.layer, ExportStore.layer).pipe(Layer.provideMerge(ClusterStorage.layer(url, options)))

/** A client's access to the cluster. Its short patience notices within seconds that a database is back. */
export const client = (url: Redacted.Redacted) =>
  Membership.layerClient().pipe(Layer.provideMerge(stores(url, { patience: "5 seconds" })))
