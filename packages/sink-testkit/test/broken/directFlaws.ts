/** How the kit must see sinks for several writers that break one promise each. */
import type { direct } from "../support/directSink.ts"

interface Flaw {
  readonly id: string
  readonly says: RegExp
  readonly also?: ReadonlyArray<string>
}

export const directFlaws: Readonly<Record<Exclude<keyof typeof direct, "sound">, Flaw>> = {
  locks: { id: "D01", says: /store open/, also: ["D02", "F01", "F03"] },
  twice: { id: "D02", says: /commit repeated/ },
  final: { id: "F01", says: /final/, also: ["D02", "F03"] }
}
