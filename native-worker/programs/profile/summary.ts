import { opKinds, type OpKind, type Profile } from '../../../contract/profile.ts';
import type { TracedOp } from '../../engine/trace/traced-ops.ts';
import { kindOf } from './op-kinds.ts';

/** How many of the slowest ops are told one by one. */
const SLOWEST = 20;

/** Where the time of a step went. @param ops of all its runs */
export function summariseOps(ops: readonly TracedOp[]): Pick<Profile, 'ops' | 'kinds' | 'slowest'> {
  const kinds = Object.fromEntries(opKinds.map((kind) => [kind, { ops: 0, milliseconds: 0 }])) as Record<
    OpKind,
    { ops: number; milliseconds: number }
  >;
  const all = ops.map(({ op, part, layer, microseconds, output, isOp }) => {
    const kind = kindOf(op, part);
    kinds[kind].ops += isOp ? 1 : 0;
    kinds[kind].milliseconds += microseconds / 1000;
    return { op, kind, layer, milliseconds: microseconds / 1000, output };
  });
  return {
    ops: ops.filter(({ isOp }) => isOp).length,
    kinds,
    slowest: all.sort((a, b) => b.milliseconds - a.milliseconds).slice(0, SLOWEST),
  };
}
