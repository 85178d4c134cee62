import * as z from 'zod';
import { planNetwork } from '../../contract/architecture.ts';
import type { NetworkPlan } from '../../contract/architecture.ts';
import { NetworkConfig } from '../../contract/network.ts';
import { buffersFrom, parametersFrom } from '../edm2/tensors/layout.ts';
import type { Network } from '../edm2/network/network.ts';
import type { Parameters } from '../edm2/tensors/types.ts';
import { tf } from '../engine/tensorflow.ts';
import type { ReferenceCase } from './case-file.ts';

/** A network's settings as the official code names them. Keys that we do not know are refused. */
const OfficialNetwork = z.strictObject({
  img_resolution: z.int(),
  img_channels: z.int(),
  label_dim: z.int(),
  model_channels: z.int(),
  channel_mult: z.array(z.int()),
  channel_mult_noise: z.int().nullish(),
  channel_mult_emb: z.int().nullish(),
  num_blocks: z.int(),
  attn_resolutions: z.array(z.int()),
  channels_per_head: z.int().optional(),
  label_balance: z.number().optional(),
  concat_balance: z.number().optional(),
  res_balance: z.number().optional(),
  attn_balance: z.number().optional(),
  clip_act: z.number().nullish(),
  sigma_data: z.number().optional(),
  logvar_channels: z.int().optional(),
  dropout: z.literal(0).optional(),
  use_fp16: z.literal(false).optional(),
});

const PrecondCase = z.looseObject({ cls: z.literal('Precond'), kwargs: OfficialNetwork });

/** Lays out the network that a case of class Precond describes. */
export function planOf(reference: ReferenceCase): NetworkPlan {
  const official = PrecondCase.parse(reference.config).kwargs;
  const optional = {
    channelsPerHead: official.channels_per_head,
    labelBalance: official.label_balance,
    concatBalance: official.concat_balance,
    resBalance: official.res_balance,
    attnBalance: official.attn_balance,
    clipAct: official.clip_act,
    sigmaData: official.sigma_data,
    logvarChannels: official.logvar_channels,
  };
  const config = NetworkConfig.parse({
    modelChannels: official.model_channels,
    channelMult: official.channel_mult,
    numBlocks: official.num_blocks,
    attnResolutions: official.attn_resolutions,
    channelMultNoise: official.channel_mult_noise ?? null,
    channelMultEmb: official.channel_mult_emb ?? null,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  });
  return planNetwork(config, {
    resolution: official.img_resolution,
    channels: official.img_channels,
    labelDim: official.label_dim,
  });
}

/** The network of a case with the weights that its file holds under `state.`. */
export function networkOf(reference: ReferenceCase): Network {
  const plan = planOf(reference);
  const read = (name: string) => {
    if (!reference.has(`state.${name}`)) return null;
    const { shape, data } = reference.read(`state.${name}`);
    return { shape, data: Float32Array.from(data) };
  };
  return { plan, parameters: parametersFrom(plan, read), buffers: buffersFrom(plan, read) };
}

/** Replaces scalars whose names match a pattern with one asterisk ("*gain"). */
export function override(parameters: Parameters, overrides: Readonly<Record<string, number>>): Parameters {
  const result: Record<string, Parameters[string]> = { ...parameters };
  for (const [pattern, value] of Object.entries(overrides)) {
    const [start = '', end = ''] = pattern.split('*');
    for (const [name, old] of Object.entries(parameters)) {
      const matches = pattern.includes('*') ? name.startsWith(start) && name.endsWith(end) : name === pattern;
      if (matches) result[name] = tf.fill(old.shape, value);
    }
  }
  return result;
}

/** The case whose file holds the weights: the one that `state_from` names, or the case itself. */
export function weightsSource(reference: ReferenceCase): ReferenceCase {
  const { state_from: file } = z.looseObject({ state_from: z.string().optional() }).parse(reference.config);
  return file === undefined ? reference : reference.open(file);
}
