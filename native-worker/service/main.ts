/**
 * The service's program: `node main.ts [--library DIR] [--new-index] [--exit-when-idle] [--serve --port N --host H]`.
 * When it can be spoken to, it prints one line of JSON. If the library has a service already, that one's line is printed
 * instead.
 *
 * Reading and compiling some 250 files is most of its start, so Node keeps what it compiled for the next one: that must
 * be asked for before they are imported.
 */
import { keepCompiled } from '../engine/runtime/keep-compiled.ts';

keepCompiled();
await import('./process.ts');
