/**
 * How much the tests try: `npm test` proves each promise once, `npm run test:full` over the full matrix, with more data,
 * more kills, and on every database. Titles must name what is chosen here.
 */

/** Whether the full matrix runs. */
export const isFull: boolean = process.env["LABELSTREAM_TESTS"] === "full"

/** Chooses between what `npm test` uses and what the full matrix uses. */
export const scale = <const A>(quick: A, full: A): A => isFull ? full : quick
