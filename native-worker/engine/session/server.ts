import { create, toBinary } from '@bufbuild/protobuf';
import { ServerDefSchema } from '../proto/tensorflow_pb.js';
import { cApi, checked } from './c-api.ts';
import { configOf, type SessionOptions } from './options.ts';
import { JOB } from './task-name.ts';

/** Processes that compute together. */
export interface Cluster {
  /** Where the server of each listens, "host:port", in the order of their numbers; all must reach all. */
  readonly hosts: readonly string[];
  /** Which of them this process is. */
  readonly task: number;
}

/**
 * Starts TensorFlow's own server: sessions of the first process compute on the devices of all of them. It listens on every
 * interface of this machine, asks nobody for a password and encrypts nothing. It can't be stopped: it ends with the
 * process, and after a peer was lost the process can't take part in sums any more.
 *
 * @param options of the session that is to come: they say which devices this process has
 * @returns what that session has to name as its `target`
 * @throws {TensorFlowError} if its port is taken
 */
export function startServer({ hosts, task }: Cluster, options: SessionOptions): string {
  const api = cApi();
  const definition = toBinary(
    ServerDefSchema,
    create(ServerDefSchema, {
      cluster: { job: [{ name: JOB, tasks: Object.fromEntries(hosts.entries()) }] },
      jobName: JOB,
      taskIndex: task,
      defaultSessionConfig: configOf({ ...options, target: hosts[0]! }),
      protocol: 'grpc',
    }),
  );
  const server = checked((status) => api.newServer(definition, definition.length, status))!;
  checked((status) => api.startServer(server, status));
  return api.serverTarget(server);
}
