import { tickScalars, type ScalarUnit, type TickScalarName } from '../../../contract/ticks.ts';
import { bytes, duration, images, imagesTick, number, speed, steady, when } from '../format.ts';
import type { AxisStyle } from './series.ts';

/** Round times, up to a day; longer axes count days. */
const TIMES = [1, 2, 5, 10, 20, 30, ...[1, 2, 5, 10, 20, 30].map((minutes) => minutes * 60)].concat(
  [1, 2, 3, 6, 12, 24, 48, 120, 240, 480].map((hours) => hours * 3600),
);

/** How numbers of a unit stand on an axis and under the crosshair. */
const unitStyles: Readonly<Record<ScalarUnit, Pick<AxisStyle, 'steps' | 'tick' | 'value'>>> = {
  '': { tick: (value) => number(value), value: steady },
  images: { tick: imagesTick, value: images },
  seconds: { steps: TIMES, tick: duration, value: duration },
  time: { tick: when, value: when },
  'img/s': { tick: (value) => number(value), value: speed },
  bytes: { tick: bytes, value: bytes },
};

/** The axis of what a tick records. */
export function tickAxis(name: TickScalarName, log = false): AxisStyle {
  const { unit, title } = tickScalars[name];
  return { title: unit === 'img/s' ? unit : title.toLowerCase(), log, ...unitStyles[unit] };
}

/** Training images seen, the x of everything. */
export function imagesAxis(log = false): AxisStyle {
  return tickAxis('nimg', log);
}

/** Seconds of training, pauses left out. */
export function secondsAxis(log = false): AxisStyle {
  return tickAxis('trainSeconds', log);
}

/** Seconds since training began, pauses included. */
export function wallAxis(log = false): AxisStyle {
  return { title: 'wall time', log, ...unitStyles.seconds };
}

/** Falls over orders of magnitude, and has no noise to be steadied. */
export function rateAxis(log = false): AxisStyle {
  return { ...tickAxis('learningRate', log), value: (value) => number(value) };
}

export function percentAxis(): AxisStyle {
  return { title: '%', log: false, tick: (value) => number(value), value: (value) => `${Math.round(value)} %` };
}

export function bytesAxis(): AxisStyle {
  return tickAxis('memoryBytes');
}

export function degreesAxis(): AxisStyle {
  return { title: '°C', log: false, tick: (value) => number(value), value: (value) => `${Math.round(value)} °C` };
}

export function wattsAxis(): AxisStyle {
  return { title: 'W', log: false, tick: (value) => number(value), value: (value) => `${Math.round(value)} W` };
}

/** Noise levels: their ticks stand at 1 and 3 of each power of ten. */
export function sigmaAxis(): AxisStyle {
  const places = [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];
  return {
    title: 'noise level σ',
    log: true,
    places,
    tick: (value) => number(value),
    value: (value) => `σ ${number(value)}`,
  };
}

/** The weighted error of noise levels, which falls from 1 over one or two powers of ten. */
export function errorAxis(): AxisStyle {
  const places = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
  return { title: 'error', log: true, places, tick: (value) => number(value), value: steady };
}

/** What is recorded of layers and blocks, dimensionless: the root mean square of weights or activations, or another kind. */
export function magnitudeAxis(log = false, title = 'magnitude (RMS)'): AxisStyle {
  return { title, log, tick: (value) => number(value), value: steady };
}
