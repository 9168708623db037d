/** Text in YAML. */

/** Characters that YAML does not read as text, even between double quotes. */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g

/** Text between double quotes, as YAML and JSON have it. */
export const quoted = (text: string): string =>
  JSON.stringify(text.toWellFormed())
    .replaceAll(unprintable, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`)
