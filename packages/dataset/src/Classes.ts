/**
 * The classes of a dataset: their names in order, and which class a label belongs to. The order is frozen: what a dataset
 * has once numbered keeps its number, and new classes are appended.
 */
import { byCodePoint } from "./internal/codePoints.ts"

/** The classes of a dataset. */
export interface Classes {
  /** In order, from 0. */
  readonly names: ReadonlyArray<string>
  /** Returns the index of a class. Throws if there is no such class; samples have only classes. */
  readonly indexOf: (name: string) => number
}

/** The option `classes`: an order, or a map from label to class where null drops the label. */
export type Choice = ReadonlyArray<string> | Readonly<Record<string, string | null>>

const isOrder = (choice: Choice): choice is ReadonlyArray<string> => Array.isArray(choice)

/** Makes the function from a label to its class, or to null if the label is dropped. */
export const mapping = (choice?: Choice): (label: string) => string | null => {
  if (choice === undefined || isOrder(choice)) return (label) => label
  const classOf = new Map(Object.entries(choice))
  return (label) => {
    const mapped = classOf.get(label)
    return mapped === undefined ? label : mapped
  }
}

/**
 * Orders the classes: the frozen ones, then those that the choice names and that are new, then those met that are new, by
 * code point. `met` has classes, not labels: see {@link mapping}.
 */
export const make = (
  { choice, frozen = [], met }: {
    readonly choice?: Choice | undefined
    readonly frozen?: Iterable<string>
    readonly met: Iterable<string>
  }
): Classes => {
  const chosen = choice === undefined
    ? []
    : isOrder(choice)
    ? choice
    : Object.values(choice).filter((name) => name !== null)
  const names = [...new Set([...frozen, ...chosen, ...[...met].sort(byCodePoint)])]
  const indexes = new Map(names.map((name, index) => [name, index]))
  return {
    names,
    indexOf: (name) => {
      const index = indexes.get(name)
      if (index === undefined) throw new Error(`${JSON.stringify(name)} is no class of this dataset`)
      return index
    }
  }
}
