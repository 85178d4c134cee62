/**
 * A service that behaves or misbehaves as it is told, for tests of whoever speaks to one.
 * Arguments: `--mode MODE --socket PATH`; others are ignored.
 */
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { CONTRACT_VERSION } from '../../contract/calls.ts';

function argument(name: string): string {
  return process.argv[process.argv.indexOf(name) + 1] ?? '';
}

const mode = argument('--mode');
const path = argument('--socket');
const ready = JSON.stringify({ ready: true, socket: path, pid: process.pid, url: null });

if (mode === 'refuses') {
  process.stderr.write('something before\nThe disk is full: free 2 GB and start again.\n');
  process.exit(1);
}
if (mode === 'index-lost' && !process.argv.includes('--new-index')) {
  process.stdout.write(`${JSON.stringify({ ready: false, code: 'index-lost', message: 'The index is missing.' })}\n`);
  process.exit(1);
}
if (mode === 'already') {
  process.stdout.write(`${ready}\n`);
  process.exit(0);
}

rmSync(path, { force: true });
const server = createServer((request, response) => {
  response.setHeader('content-type', 'image/png');
  response.end(`picture of ${request.url ?? ''}`);
});
const sockets = new WebSocketServer({ server, path: '/rpc' });
sockets.on('connection', (socket) => {
  socket.on('close', () => process.exit(0)); // whoever asked has left
  if (mode === 'garbage') {
    socket.send('<html>');
    return;
  }
  socket.send(
    JSON.stringify({
      kind: 'hello',
      contract: mode === 'newer' ? 999 : CONTRACT_VERSION,
      app: 'test',
      pid: process.pid,
    }),
  );
  socket.send(JSON.stringify({ kind: 'event', event: 'first', payload: { inTheSamePacket: true } }));
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString('utf8')) as { id: number; call: string; input: unknown };
    if (message.call === 'die') process.exit(1);
    if (message.call === 'silence') return;
    const value = message.call === 'environment' ? process.env : { input: message.input, pid: process.pid };
    socket.send(JSON.stringify({ kind: 'reply', id: message.id, reply: { ok: true, value } }));
  });
});
server.listen(path, () => process.stdout.write(`a line that is not for us\n${ready}\n`));
