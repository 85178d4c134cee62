import { expect, test } from 'vitest';
import type { DynamicsKind } from '../../../contract/dynamics.ts';
import type { DynamicsTable } from '../../../contract/dynamics-table.ts';
import type { FindingRule } from '../../../contract/findings.ts';
import { climb, type RungName } from '../../../contract/ladder.ts';
import { findPreset } from '../../../contract/presets.ts';
import { tickColumns } from '../../../contract/ticks.ts';
import type { RunConfig } from '../../../contract/training.ts';
import { findingsOf } from '../../../native-worker/findings/find.ts';
import { exampleTick } from '../../support/ticks.ts';

/** Each rule fires where its fault is planted into a run that is well, and no other does. */

const MOMENTS = 40;
const STEP = 1000;
const nimg = Array.from({ length: MOMENTS }, (_, index) => (index + 1) * STEP);

const onRung = (name: RungName): RunConfig => climb(findPreset('demo')!.config, name);

type Lines = Record<string, (moment: number) => number | null>;
type Planted = Partial<Record<DynamicsKind, Lines>>;

const wave = (size: number) => (moment: number) => size * (1 + 0.05 * Math.sin(7 * moment));

/** Falls from twice so much towards it. */
function falling(to: number) {
  return (moment: number) => to * (1 + Math.exp(-moment / 10));
}

/** A run of G that is as it should be. */
const well: Planted = {
  weight: { 'unet.enc.a': () => 0.9999, 'unet.enc.b': () => 0.9999, 'unet.dec.c': () => 0.9999 },
  activation: { 'unet.enc.x': wave(0.93), 'unet.enc.y': wave(1.02), 'unet.dec.z': wave(1.3) },
  'relative-update': { 'unet.enc.a': wave(0.01), 'unet.enc.b': wave(0.011), 'unet.dec.c': wave(0.014) },
  gain: { 'unet.enc.x': (moment) => moment / 100, 'unet.dec.z': (moment) => -moment / 50 },
  'noise-count': { '0.1': () => 60, '1': () => 100, '10': () => 40 },
  'noise-error': { '0.1': () => 0.5, '1': () => 0.1, '10': () => 0.02 },
  'noise-u': { '0.1': () => Math.log(0.55), '1': () => Math.log(0.09), '10': () => Math.log(0.021) },
  clipped: { 'unet.enc.x': () => 0, 'unet.dec.z': () => 1e-5 },
  'activation-max': { 'Enc 32×32': wave(3), 'Dec 32×32': wave(9) },
  validation: { 'σ_rel 0.1: held out': falling(0.2), 'σ_rel 0.1: trained on': falling(0.19) },
  'non-finite': { 'unet.enc.a': () => 0, 'unet.enc.b': (moment) => (moment === 5 ? 12 : 0) },
};
const goodOf = {
  validated: 'No overfitting: on held-out pictures σ_rel 0.1 has an error of 0.204, on training images 0.194.',
  'weights-held': 'Forced normalisation holds all 3 weights at 1.00.',
  'activations-steady': 'Activations of all 3 blocks lie between 0.9',
  'rates-alike': 'All 3 layers learn at like rates',
  'noise-weight': 'u(σ) fits the error at all noise levels.',
} as const;

function table(kind: DynamicsKind, lines: Lines = {}): DynamicsTable {
  const values = Object.values(lines).map((value) => nimg.map((_, moment) => value(moment)));
  return { kind, layers: Object.keys(lines), nimg: values.length === 0 ? [] : nimg, values };
}

interface Run {
  planted?: Planted;
  loss?: (tick: number) => number | null;
  rung?: 'A' | 'C' | 'G';
  precision?: 'fp32' | 'fp16';
}

const usualLoss = (tick: number): number => 1 / (1 + tick / 50) + 0.02 * Math.sin(tick * tick);

function found({ planted = {}, loss = usualLoss, rung = 'G', precision = 'fp32' }: Run = {}) {
  const config = onRung(rung);
  const ticks = Array.from({ length: 400 }, (_, tick) => exampleTick((tick + 1) * 100, { loss: loss(tick) }));
  return findingsOf({
    config: { ...config, training: { ...config.training, precision } },
    ticks: tickColumns(ticks),
    table: (kind) => table(kind, { ...well[kind], ...planted[kind] }),
  });
}

/** What is found beyond the good, and what of the good is missing. */
function beyond(run: Run): { found: FindingRule[]; missing: string[] } {
  const all = found(run);
  const good = all.filter(({ tone }) => tone === 'good').map(({ rule }) => rule);
  return {
    found: all.filter(({ tone }) => tone !== 'good').map(({ rule }) => rule),
    missing: Object.keys(goodOf).filter((rule) => !good.includes(rule as FindingRule)),
  };
}

test('a run that is well is told so, and nothing else', () => {
  const all = found();
  expect(all.map(({ rule }) => rule)).toEqual(Object.keys(goodOf));
  for (const { rule, tone, text } of all) {
    expect(tone).toBe('good');
    expect(text).toContain(goodOf[rule as keyof typeof goodOf]);
  }
});

test('activations that grow and swing with each batch are told, though the last moment is a low one', () => {
  // As they are in a small run of C: two moments in five are half as large.
  const swinging = (moment: number): number => (1 + moment / 2) * (moment % 5 < 2 ? 0.4 : 1);
  const last = (moment: number): number => (moment === MOMENTS - 1 ? 3 : swinging(moment));
  const [finding] = found({ rung: 'C', planted: { activation: { 'unet.dec.z': last } } }).filter(
    ({ kind }) => kind === 'activation',
  );
  expect(finding).toMatchObject({ rule: 'activations-grow', row: 'unet.dec.z' });
});

const growth = (from: number, factor: number) => (moment: number) => (moment < from ? 1 : factor);

test.each<[string, FindingRule, Run, string[], string]>([
  [
    'growing weights',
    'weights-grow',
    {
      rung: 'C',
      planted: {
        weight: { 'unet.enc.a': (moment) => 1 + moment / 20, 'unet.enc.b': growth(7, 1.6), 'unet.dec.c': wave(1) },
      },
    },
    ['weights-held'],
    'Weights grow: 2 of 3 layers, enc.a most, ×2.71 since it began. enc.b left first, at 8.00 kimg.',
  ],
  [
    'a weight that is not held',
    'weights-held',
    { planted: { weight: { 'unet.enc.b': growth(20, 1.3) } } },
    ['weights-held'],
    'Forced normalisation does not hold enc.b: its weights are at 1.3.',
  ],
  [
    'overfitting',
    'overfitting',
    {
      planted: {
        validation: {
          'raw: held out': (moment) => 1 + moment, // the average that draws is what counts
          'σ_rel 0.1: held out': (moment) => (moment < 20 ? falling(0.2)(moment) : 0.23 + moment / 1000),
        },
      },
    },
    ['validated'],
    'Overfitting since 20.0 kimg: the error of σ_rel 0.1 on held-out pictures has risen by 17 %, that on training images fell by 11 %.',
  ],
  [
    'growing activations',
    'activations-grow',
    { planted: { activation: { 'unet.enc.y': growth(11, 40), 'unet.dec.z': growth(30, 300) } } },
    ['activations-steady'],
    'Activations grow: 2 of 3 blocks, dec.z most, ×300 since it began. enc.y left first, at 12.0 kimg.',
  ],
  [
    'rates that lie apart',
    'rates-apart',
    { planted: { 'relative-update': { 'unet.dec.c': wave(0.0005) } } },
    ['rates-alike'],
    'Effective learning rates lie ×',
  ],
  [
    'a layer that does not learn',
    'idle-layers',
    { planted: { 'relative-update': { 'unet.dec.c': () => 0 } } },
    [],
    '1 layer does not learn: dec.c.',
  ],
  [
    'a gain that is stuck',
    'idle-gains',
    { planted: { gain: { 'unet.dec.z': () => 0 } } },
    [],
    '1 of 2 learned gains stays where it began: dec.z.',
  ],
  [
    'u(σ) that does not fit',
    'noise-weight',
    { planted: { 'noise-u': { '0.1': () => Math.log(0.1) } } },
    ['noise-weight'],
    'u(σ) is not fitted: at σ 0.1 the error is ×5 what it says, and off by ×2 or more for 30 % of the images.',
  ],
  [
    'clipped activations',
    'clipped',
    { planted: { clipped: { 'unet.dec.z': () => 0.004 } } },
    [],
    '0.4 % of what dec.z gives is clipped to ±256.',
  ],
  [
    'half precision near its end',
    'half-range',
    { precision: 'fp16', planted: { 'activation-max': { 'Dec 32×32': () => 9000 } } },
    [],
    'Activations of Dec 32×32 come near the largest number of half precision',
  ],
  [
    'gradients that are not finite',
    'gradients-not-finite',
    { planted: { 'non-finite': { 'unet.enc.b': (moment) => (moment % 4 === 0 ? 3 : 0) } } },
    [],
    'Gradients of enc.b are not finite in 25 % of the ticks.',
  ],
  [
    'a spike of the loss',
    'loss-spikes',
    { loss: (tick) => (tick === 200 ? 3 : tick === 201 ? 1.5 : usualLoss(tick)) },
    [],
    'The loss has a spike at 20.1 kimg: 3 where 0.2',
  ],
  [
    'a loss that is not finite',
    'loss-not-finite',
    { loss: (tick) => (tick === 100 ? null : usualLoss(tick)) },
    [],
    'The loss was not finite at 10.1 kimg.',
  ],
])('%s: found where planted, and nothing else is', (_, rule, run, missing, text) => {
  expect(beyond(run)).toEqual({ found: [rule], missing });
  const finding = found(run).find((one) => one.rule === rule)!;
  expect(finding.text).toContain(text);
  expect(finding.reason).toMatch(/\.$/);
});

test('what is large in float32 is not near the end of half precision, and what grew before is what counts', () => {
  expect(beyond({ planted: { 'activation-max': { 'Dec 32×32': () => 9000 } } }).found).toEqual([]);
  const back = { planted: { activation: { 'unet.enc.y': (moment: number) => (moment > 9 && moment < 30 ? 40 : 1) } } };
  expect(beyond(back).found).toEqual([]);
});

test('an error that rises on both kinds of pictures is no overfitting, and four validations say nothing', () => {
  const rising = (moment: number): number => 0.2 + moment / 100;
  const both = { 'σ_rel 0.1: held out': rising, 'σ_rel 0.1: trained on': rising };
  expect(beyond({ planted: { validation: both } })).toEqual({ found: [], missing: ['validated'] });
  const few = (moment: number): number | null => (moment < 36 ? null : 0.2 + moment / 100);
  const four = { 'σ_rel 0.1: held out': few, 'σ_rel 0.1: trained on': falling(0.19) };
  expect(beyond({ planted: { validation: four } })).toEqual({ found: [], missing: ['validated'] });
});

test('A learns no u(σ), and a run that has hardly begun, or is of an earlier version, is told nothing', () => {
  expect(
    findingsOf({
      config: onRung('A'),
      ticks: tickColumns([exampleTick(100), exampleTick(200)]),
      table: (kind) => table(kind),
    }),
  ).toEqual([]);
});
