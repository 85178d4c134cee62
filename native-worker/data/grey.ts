/** Channels of every imported picture: red, green, blue. */
export const CHANNELS = 3;

/** One grey channel becomes three; whatever lies beyond colour is left out. */
export function greyToColour(pixels: Uint8Array, channels: number): Uint8Array {
  const count = pixels.length / channels;
  const colour = new Uint8Array(count * CHANNELS);
  for (let pixel = 0; pixel < count; pixel++) {
    const grey = pixels[pixel * channels]!;
    colour.fill(grey, pixel * CHANNELS, (pixel + 1) * CHANNELS);
  }
  return colour;
}
