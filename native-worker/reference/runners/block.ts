import * as z from 'zod';
import type { BlockPlan } from '../../../contract/architecture.ts';
import { blockParameters } from '../../../contract/parameters.ts';
import { defaultSwitches } from '../../../contract/switches.ts';
import { blockLayers, conditionsOf, runBlock } from '../../edm2/network/block.ts';
import { fromOfficial, toOfficial } from '../../edm2/tensors/layout.ts';
import { fullPrecision } from '../../edm2/tensors/precision.ts';
import type { Parameters } from '../../edm2/tensors/types.ts';
import { tf } from '../../engine/tensorflow.ts';
import type { ReferenceCase } from '../case-file.ts';
import { forced, usedByLayers } from '../parameters.ts';
import type { Runner } from '../runner.ts';
import { numbers, numbersNchw, pictures, tensor, withGradients } from '../tensors.ts';
import type { Tensor, Tensor2D, Tensor4D } from '../tensors.ts';

/** A block's settings as the official code names them, with its defaults. */
const Settings = z.looseObject({
  cls: z.literal('Block'),
  kwargs: z.strictObject({
    in_channels: z.int(),
    out_channels: z.int(),
    emb_channels: z.int(),
    flavor: z.enum(['enc', 'dec']),
    resample_mode: z.enum(['keep', 'up', 'down']).default('keep'),
    resample_filter: z.tuple([z.literal(1), z.literal(1)]).optional(),
    attention: z.boolean().default(false),
    channels_per_head: z.int().default(64),
    dropout: z.literal(0).optional(),
    res_balance: z.number().default(0.3),
    attn_balance: z.number().default(0.3),
    clip_act: z.number().nullable().default(256),
  }),
});

export const runBlockCase: Runner = async (reference, engine) => {
  const settings = Settings.parse(reference.config).kwargs;
  const x = pictures(reference, 'x');
  const emb = tensor(reference, 'emb') as Tensor2D;
  const r = pictures(reference, 'r');
  const plan: BlockPlan = {
    kind: 'block',
    name: 'block',
    flavor: settings.flavor,
    resolution: r.shape[1],
    inChannels: settings.in_channels,
    outChannels: settings.out_channels,
    skipChannels: 0,
    resample: settings.resample_mode,
    heads: settings.attention ? Math.floor(settings.out_channels / settings.channels_per_head) : 0,
  };
  const config = {
    resBalance: settings.res_balance,
    attnBalance: settings.attn_balance,
    clipAct: settings.clip_act,
    switches: defaultSwitches,
  };
  const run = ({ x, emb, ...parameters }: Record<string, Tensor>): Tensor4D => {
    const inUse = usedByLayers(parameters, blockLayers(plan, config));
    const forward = { inUse, drop: null, observe: null, precision: fullPrecision };
    const [condition] = conditionsOf([plan], forward, emb as Tensor2D);
    return runBlock(plan, config, forward, x as Tensor4D, condition!);
  };

  const stored = parametersOf(reference, plan, settings.emb_channels);
  const { y: evaluated } = await engine.compute({ x, emb, ...stored }, (inputs) => ({ y: run(inputs) }));
  const atStep = await engine.compute(stored, forced);
  const { y, gradients } = await withGradients(engine, { x, emb, ...atStep }, r, run);
  const values = new Map<string, ArrayLike<number>>([
    ['y.eval', numbersNchw(evaluated)],
    ['y.train', numbersNchw(y)],
    ['dx', numbersNchw(gradients.x!)],
    ['demb', numbers(gradients.emb!)],
  ]);
  for (const name of Object.keys(atStep)) {
    values.set(`grad.${name.replace(/^block\./, '')}`, numbers(toOfficial(gradients[name]!)));
  }
  return { values, scalars: { fraction_clipped: fractionClipped(y, settings.clip_act) } };
};

function parametersOf(reference: ReferenceCase, plan: BlockPlan, embChannels: number): Parameters {
  return Object.fromEntries(
    blockParameters(plan, embChannels, defaultSwitches).map(({ name }) => [
      name,
      fromOfficial(tensor(reference, name.replace(/^block\./, 'state.'))),
    ]),
  );
}

/** Share of the output that stands at the limit. */
function fractionClipped(y: Tensor, limit: number | null): number {
  if (limit === null) return 0;
  const clipped = tf.greaterEqual(tf.abs(y), Math.fround(limit));
  return numbers(tf.mean(tf.cast(clipped, 'float32')))[0]!;
}
