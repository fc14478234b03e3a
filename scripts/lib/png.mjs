// Writes a picture as a PNG of at most 256 colours: half the size, and for a page of text no eye
// sees the difference.

import { crc32, deflateSync } from "node:zlib";

/** A PNG of RGBA pixels without transparency. */
export function paletted({ width, height, pixels }) {
  const colourAt = (pixel) => pixels.readUIntBE(4 * pixel, 3);
  const seen = new Map();
  for (let pixel = 0; pixel < width * height; pixel += 1) seen.set(colourAt(pixel), (seen.get(colourAt(pixel)) ?? 0) + 1);
  const palette = [...seen]
    .sort(([, one], [, other]) => other - one)
    .slice(0, 256)
    .map(([colour]) => colour);

  const known = new Map(palette.map((colour, index) => [colour, index]));
  const indexOf = (colour) => {
    if (!known.has(colour)) known.set(colour, nearest(palette, colour));
    return known.get(colour);
  };
  // Each row begins with its filter; none compresses an index any better.
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = indexOf(colourAt(y * width + x));

  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits to an index into a palette.
  header.set([8, 3], 8);
  const colours = Buffer.from(palette.flatMap(parts));
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  const data = deflateSync(rows, { level: 9, memLevel: 9 });
  return Buffer.concat([signature, chunk("IHDR", header), chunk("PLTE", colours), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

const parts = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];

function nearest(palette, colour) {
  const wanted = parts(colour);
  const distances = palette.map((candidate) => parts(candidate).reduce((sum, part, at) => sum + (part - wanted[at]) ** 2, 0));
  return distances.indexOf(Math.min(...distances));
}

function chunk(kind, data) {
  const named = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
}
