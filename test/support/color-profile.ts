/** Small ICC profiles (ICC.1:2001-04) whose curve is a power, so that what they mean can be computed beside them. */

/** A matrix profile's primaries that are those of sRGB, adapted to D50: X, Y and Z of red, green and blue. */
const SRGB_PRIMARIES = {
  rXYZ: [0.4361, 0.2225, 0.0139],
  gXYZ: [0.3851, 0.7169, 0.0971],
  bXYZ: [0.1431, 0.0606, 0.7141],
};
const D50 = [0.9642, 1, 0.8249];

/** Light is the sample's value, 0 to 1, to the power of `gamma`. @param space 'RGB': with the primaries of sRGB */
export function powerProfile(space: 'GRAY' | 'RGB', gamma: number): Buffer {
  const curve = element('curv', [uint32(1), uint16(Math.round(gamma * 256))]);
  const xyz = (values: number[]): Buffer =>
    element(
      'XYZ ',
      values.map((value) => uint32(Math.round(value * 65_536))),
    );
  const tags: [string, Buffer][] = [['wtpt', xyz(D50)]];
  if (space === 'GRAY') tags.push(['kTRC', curve]);
  else {
    for (const [name, values] of Object.entries(SRGB_PRIMARIES)) tags.push([name, xyz(values)]);
    for (const name of ['rTRC', 'gTRC', 'bTRC']) tags.push([name, curve]);
  }
  let at = 128 + 4 + 12 * tags.length;
  const table = tags.map(([name, data]) => {
    const entry = Buffer.concat([Buffer.from(name, 'latin1'), uint32(at), uint32(data.length)]);
    at += data.length;
    return entry;
  });
  const header = Buffer.alloc(128);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x02_40_00_00, 8); // version 2.4
  header.write(`mntr${space.padEnd(4)}XYZ `, 12, 'latin1');
  header.write('acsp', 36, 'latin1');
  D50.forEach((value, i) => header.writeUInt32BE(Math.round(value * 65_536), 68 + 4 * i));
  return Buffer.concat([header, uint32(tags.length), ...table, ...tags.map(([, data]) => data)]);
}

/** What sRGB writes for an amount of light, both 0 to 1 (IEC 61966-2-1). */
export function encodeSrgb(light: number): number {
  return light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
}

function element(type: string, parts: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([Buffer.from(`${type}\0\0\0\0`, 'latin1'), ...parts]);
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]); // to four bytes
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
