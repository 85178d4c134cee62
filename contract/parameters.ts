import type { BlockPlan, BufferPlan, Initial, NetworkPlan, ParameterPlan } from './plan.ts';
import type { NetworkSwitches } from './switches.ts';

/** A network without its tensors. */
type Layout = Omit<NetworkPlan, 'parameters' | 'buffers'>;

const ZERO: Initial = { kind: 'constant', value: 0 };
const ONE: Initial = { kind: 'constant', value: 1 };

/** Trainable tensors, u(sigma) included, in the order of the state dict. */
export function networkParameters({
  config,
  shape,
  encoder,
  decoder,
  noiseChannels,
  embChannels,
}: Layout): ParameterPlan[] {
  const { switches } = config;
  const [input, ...blocks] = encoder;
  const layer = (name: string, dims: number[], zero = false): ParameterPlan[] => learned(name, dims, switches, zero);
  return [
    ...(switches.gains ? [gain('unet.out_gain')] : []),
    ...layer('unet.emb_noise', [embChannels, noiseChannels]),
    ...(switches.embeddingLayers === 2 ? layer('unet.emb_second', [embChannels, embChannels]) : []),
    ...(shape.labelDim > 0 ? [classWeight([embChannels, shape.labelDim], switches)] : []),
    ...layer(input.name, [input.outChannels, input.inChannels, 3, 3]),
    ...[...blocks, ...decoder].flatMap((block) => blockParameters(block, embChannels, switches)),
    ...norm('unet.out_norm', input.outChannels, switches.groupNorm === 'standard'),
    ...layer('unet.out_conv', [shape.channels, input.outChannels, 3, 3], true),
    ...(switches.uncertainty ? layer('logvar_linear', [1, config.logvarChannels]) : []),
  ];
}

/** Fixed random numbers of the Fourier features; positional features need none. */
export function networkBuffers({ config, noiseChannels }: Layout): BufferPlan[] {
  const { noiseFeatures, uncertainty } = config.switches;
  return [
    ...(noiseFeatures === 'positional' ? [] : fourierBuffers('unet.emb_fourier', noiseChannels)),
    ...(uncertainty ? fourierBuffers('logvar_fourier', config.logvarChannels) : []),
  ];
}

/** Tensors of one block. Source: arXiv 2312.02696, Fig. 16 to 22. */
export function blockParameters(block: BlockPlan, embChannels: number, switches: NetworkSwitches): ParameterPlan[] {
  const { name, flavor, inChannels, outChannels } = block;
  const layer = (part: string, dims: number[], zero = false): ParameterPlan[] =>
    learned(`${name}.${part}`, dims, switches, zero);
  // Where pixel norms replace group norms, the encoder's 1×1 convolution comes first, so the residual branch starts at
  // the block's own width.
  const branchChannels = flavor === 'enc' && switches.groupNorm === 'none' ? outChannels : inChannels;
  const affine = switches.groupNorm === 'standard';
  return [
    ...(switches.gains ? [gain(`${name}.emb_gain`)] : []),
    ...norm(`${name}.norm0`, branchChannels, affine),
    ...layer('conv_res0', [outChannels, branchChannels, 3, 3]),
    ...norm(`${name}.norm1`, outChannels, affine),
    // With biases the conditioning shifts, too: first the scales, then the shifts.
    ...layer('emb_linear', [switches.biases ? 2 * outChannels : outChannels, embChannels]),
    ...layer('conv_res1', [outChannels, outChannels, 3, 3], true),
    ...(inChannels === outChannels ? [] : layer('conv_skip', [outChannels, inChannels, 1, 1])),
    ...(block.heads === 0
      ? []
      : [
          ...norm(`${name}.attn_norm`, outChannels, switches.attentionNorm === 'group'),
          ...layer('attn_qkv', [3 * outChannels, outChannels, 1, 1]),
          ...layer('attn_proj', [outChannels, outChannels, 1, 1], true),
        ]),
  ];
}

/**
 * A convolution or linear layer.
 *
 * @param zero whether it is one of those that start at zero in A and B
 */
function learned(
  name: string,
  dims: number[],
  { biases, weightInit }: NetworkSwitches,
  zero: boolean,
): ParameterPlan[] {
  const uniform: Initial = { kind: 'uniform', bound: 1 / Math.sqrt(fanIn(dims)) };
  const starts = zero && weightInit === 'uniform-zero' ? ZERO : uniform;
  const weight: ParameterPlan = {
    name: `${name}.weight`,
    shape: dims,
    role: 'weight',
    initial: weightInit === 'normal' ? { kind: 'normal' } : starts,
  };
  if (!biases) return [weight];
  return [weight, { name: `${name}.bias`, shape: [dims[0]!], role: 'bias', initial: starts }];
}

/** The class embedding never has a bias. */
function classWeight(dims: number[], { weightInit }: NetworkSwitches): ParameterPlan {
  const initial: Initial =
    weightInit === 'uniform' ? { kind: 'uniform', bound: 1 / Math.sqrt(fanIn(dims)) } : { kind: 'normal' };
  return { name: 'unet.emb_label.weight', shape: dims, role: 'weight', initial };
}

function gain(name: string): ParameterPlan {
  return { name, shape: [], role: 'gain', initial: ZERO };
}

/** Scale and shift of a group norm, if it has them; the norm without mean has none. */
function norm(name: string, channels: number, affine: boolean): ParameterPlan[] {
  if (!affine) return [];
  return [
    { name: `${name}.scale`, shape: [channels], role: 'scale', initial: ONE },
    { name: `${name}.shift`, shape: [channels], role: 'shift', initial: ZERO },
  ];
}

function fourierBuffers(name: string, channels: number): BufferPlan[] {
  return [
    { name: `${name}.freqs`, shape: [channels], role: 'frequencies' },
    { name: `${name}.phases`, shape: [channels], role: 'phases' },
  ];
}

/** Inputs of one output unit. */
function fanIn([, ...inputs]: readonly number[]): number {
  return inputs.reduce((product, size) => product * size, 1);
}
