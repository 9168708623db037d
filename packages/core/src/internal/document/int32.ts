/** Whether a number has a place in a column of 32-bit integers. */
export const isInt32 = (value: number): boolean => (value | 0) === value
