import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** TensorBoard's event files: records of TensorFlow's Event message, each with its length and two checksums. */

/** Something that TensorBoard shows of a moment. */
export type Shown =
  | { readonly tag: string; readonly value: number }
  | { readonly tag: string; readonly png: () => Uint8Array; readonly width: number; readonly height: number };

/** A moment of training. */
export interface Moment {
  /** x of TensorBoard's charts: training images. */
  readonly step: number;
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly shown: readonly Shown[];
}

/**
 * The bytes of a file, record by record; a picture is read when its record is written. Numbers that are not finite come out
 * as they are.
 *
 * Source: tensorflow/core/util/event.proto, core/framework/summary.proto and core/lib/io/record_writer.
 */
export function* eventFile(moments: readonly Moment[]): Generator<Uint8Array> {
  yield record(versionEvent(moments[0]?.wallTime ?? 0));
  for (const moment of moments) yield record(summaryEvent(moment));
}

/** Numbers of the fields of the messages that are written. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 } as const;
const SUMMARY_VALUE = 1;
const VALUE = { tag: 1, simpleValue: 2, image: 4 } as const;
const IMAGE = { height: 1, width: 2, colorspace: 3, encoded: 4 } as const;
const RGB = 3;

/** What every file begins with. */
function versionEvent(wallTime: number): Uint8Array {
  return new BinaryWriter()
    .tag(EVENT.wallTime, WireType.Bit64)
    .double(wallTime)
    .tag(EVENT.fileVersion, WireType.LengthDelimited)
    .string('brain.Event:2')
    .finish();
}

function summaryEvent({ step, wallTime, shown }: Moment): Uint8Array {
  const writer = new BinaryWriter()
    .tag(EVENT.wallTime, WireType.Bit64)
    .double(wallTime)
    .tag(EVENT.step, WireType.Varint)
    .int64(step)
    .tag(EVENT.summary, WireType.LengthDelimited)
    .fork();
  for (const one of shown) writeValue(writer.tag(SUMMARY_VALUE, WireType.LengthDelimited).fork(), one).join();
  return writer.join().finish();
}

function writeValue(writer: BinaryWriter, shown: Shown): BinaryWriter {
  writer.tag(VALUE.tag, WireType.LengthDelimited).string(shown.tag);
  if ('value' in shown) return writer.tag(VALUE.simpleValue, WireType.Bit32).float(shown.value);
  return writer
    .tag(VALUE.image, WireType.LengthDelimited)
    .fork()
    .tag(IMAGE.height, WireType.Varint)
    .int32(shown.height)
    .tag(IMAGE.width, WireType.Varint)
    .int32(shown.width)
    .tag(IMAGE.colorspace, WireType.Varint)
    .int32(RGB)
    .tag(IMAGE.encoded, WireType.LengthDelimited)
    .bytes(shown.png())
    .join();
}

/** Length, its checksum, the data, its checksum. */
function record(data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, checksum(length), data, checksum(data)]);
}

/** Four bytes: CRC-32C, masked so that the checksum of data that holds checksums is no trivial number. */
function checksum(data: Uint8Array): Buffer {
  const crc = crc32c(data);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return bytes;
}

/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (rest & 1 ? POLYNOMIAL : 0);
  return rest;
});

/** CRC-32C (RFC 3720, App. B.4). */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
