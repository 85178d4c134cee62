import { connect, createServer } from 'node:net';
import { hostOfAddress, portOf } from '../../contract/devices.ts';
import { reasonOf } from '../../contract/system-errors.ts';

/** Whether machines reach each other: a connection is opened and closed again. */

const PATIENCE_MS = 5000;

/** Addresses to which no connection can be opened from here, and what the system says. */
export async function unreached(
  addresses: readonly string[],
  patienceMs = PATIENCE_MS,
): Promise<{ readonly address: string; readonly reason: string }[]> {
  const found = await Promise.all(
    addresses.map(async (address) => {
      const reason = await whyUnreached(address, patienceMs);
      return reason === null ? [] : [{ address, reason }];
    }),
  );
  return found.flat();
}

function whyUnreached(address: string, patienceMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostOfAddress(address), port: portOf(address), timeout: patienceMs });
    const settle = (reason: string | null): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.on('connect', () => settle(null));
    socket.on('timeout', () => settle(`no answer within ${patienceMs / 1000} seconds`));
    socket.on('error', (error) => settle(reasonOf(error)));
  });
}

/** Whether a port of this machine is free on every interface: TensorFlow's server would share it with another of its kind. */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
