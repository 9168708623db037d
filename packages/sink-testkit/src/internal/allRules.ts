import type { Rule } from "../Rule.ts"
import { account } from "./rules/account.ts"
import { atomic } from "./rules/atomic.ts"
import { crash } from "./rules/crash.ts"
import { direct } from "./rules/direct.ts"
import { fault } from "./rules/fault.ts"
import { life } from "./rules/life.ts"
import { load, W07 } from "./rules/load.ts"
import { many } from "./rules/many.ts"
import { model } from "./rules/model.ts"
import { repair } from "./rules/repair.ts"
import { shape } from "./rules/shape.ts"
import { verify } from "./rules/verify.ts"
import { W08, write } from "./rules/write.ts"

/** Every rule, in the contract's order. */
export const allRules: ReadonlyArray<Rule> = [
  ...life,
  ...write,
  W07,
  W08,
  ...shape,
  ...atomic,
  ...crash,
  ...fault,
  ...load,
  ...many,
  ...direct,
  ...account,
  ...repair,
  ...verify,
  ...model
]
