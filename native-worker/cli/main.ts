/**
 * The command line's program: `edm2 …`. Reading and compiling its files is most of what a short command takes, so Node keeps
 * what it compiled for the next one: that must be asked for before they are imported.
 */
import { keepCompiled } from '../engine/runtime/keep-compiled.ts';

keepCompiled();
await import('./program.ts');
