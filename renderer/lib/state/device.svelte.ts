import type * as z from 'zod';
import { deviceStatus } from '../../../contract/events.ts';
import { client } from '../client/index.ts';

export type DeviceStatus = z.output<typeof deviceStatus.payload>;

/** What the machine is doing, as the service says every few seconds. */
class Device {
  /** Null until the first word. */
  status: DeviceStatus | null = $state.raw(null);

  constructor() {
    client.on(deviceStatus, (status) => {
      this.status = status;
    });
  }
}

export const device = new Device();
