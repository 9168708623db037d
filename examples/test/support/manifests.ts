/**
 * Holds Kubernetes manifests against the schemas of Kubernetes' API, as `kubernetes-models` has them. Those say what a
 * field must be and let unknown ones pass; here a field that no schema looks at is an error, since it is a misspelt one.
 */
import { Deployment } from "kubernetes-models/apps/v1"
import { Job } from "kubernetes-models/batch/v1"
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1"
import { PodDisruptionBudget } from "kubernetes-models/policy/v1"
import { PersistentVolumeClaim } from "kubernetes-models/v1"
import { parseAllDocuments } from "yaml"

/** Kinds that manifests may be of. */
const models = [Deployment, Job, NetworkPolicy, PodDisruptionBudget, PersistentVolumeClaim]

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly [field: string]: unknown
}

/** Reads all documents of a file. Throws where it is no YAML, or names a field twice. */
export const parse = (text: string): ReadonlyArray<Manifest> =>
  parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0]
    return document.toJS() as Manifest
  })

/** Copies data onto an object, and notes the fields of it that nobody has read yet. */
const watch = (data: object, copy: object, path: string, unread: Set<string>): object => {
  for (const [name, value] of Object.entries(data) as Array<[string, unknown]>) {
    const place = `${path}/${name}`
    const inner = typeof value === "object" && value !== null
      ? watch(value, Array.isArray(value) ? [] : {}, place, unread)
      : value
    unread.add(place)
    Object.defineProperty(copy, name, {
      enumerable: true,
      get: () => {
        unread.delete(place)
        return inner
      }
    })
  }
  return copy
}

/** Throws with the places that are wrong. */
export const validate = (manifest: Manifest): void => {
  const model = models.find(({ is }) => is(manifest))
  if (model === undefined) throw new Error(`no manifest may be of ${manifest.apiVersion} ${manifest.kind}`)
  const unread = new Set<string>()
  const watched = watch(manifest, Object.create(model.prototype) as object, "", unread)
  model.prototype.validate.call(watched)
  if (unread.size > 0) throw new Error(`there is no field ${Array.from(unread).join(", ")} in ${manifest.kind}`)
}
