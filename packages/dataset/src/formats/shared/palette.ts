/** The colors of classes in pictures for people: the bits of an index, spread over red, green and blue from the top. */

/** Red, green and blue of an index. 0 is black, and the first 256 differ. */
export const colorOf = (index: number): readonly [red: number, green: number, blue: number] => {
  const color: [number, number, number] = [0, 0, 0]
  for (let bit = 7, rest = index; rest > 0; bit--, rest >>= 3) {
    for (let channel = 0; channel < 3; channel++) color[channel]! |= ((rest >> channel) & 1) << bit
  }
  return color
}
