import { bytes, duration, images, imagesTick, number, steady } from '../format.ts';
import type { AxisStyle } from './series.ts';

/** Training images seen, the x of everything. */
export function imagesAxis(log = false): AxisStyle {
  return { title: 'training images', log, tick: imagesTick, value: images };
}

/** Round times, up to a day; longer axes count days. */
const TIMES = [1, 2, 5, 10, 20, 30, ...[1, 2, 5, 10, 20, 30].map((minutes) => minutes * 60)].concat(
  [1, 2, 3, 6, 12, 24, 48, 120, 240, 480].map((hours) => hours * 3600),
);

/** Seconds of training, pauses left out. */
export function secondsAxis(log = false): AxisStyle {
  return { title: 'training time', log, steps: TIMES, tick: duration, value: duration };
}

/** Mean loss per element, weighted by u(sigma). */
export function lossAxis(log = false): AxisStyle {
  return { title: 'loss', log, tick: (value) => number(value), value: steady };
}

export function rateAxis(log = false): AxisStyle {
  return { title: 'learning rate', log, tick: (value) => number(value), value: (value) => number(value) };
}

export function speedAxis(): AxisStyle {
  return {
    title: 'images / s',
    log: false,
    tick: (value) => number(value),
    value: (value) => `${steady(value)} img/s`,
  };
}

export function percentAxis(): AxisStyle {
  return { title: '%', log: false, tick: (value) => number(value), value: (value) => `${Math.round(value)} %` };
}

export function bytesAxis(): AxisStyle {
  return { title: 'memory', log: false, tick: bytes, value: bytes };
}

export function degreesAxis(): AxisStyle {
  return { title: '°C', log: false, tick: (value) => number(value), value: (value) => `${Math.round(value)} °C` };
}

export function wattsAxis(): AxisStyle {
  return { title: 'W', log: false, tick: (value) => number(value), value: (value) => `${Math.round(value)} W` };
}

/** Root mean square of weights or activations, dimensionless. */
export function magnitudeAxis(log = false): AxisStyle {
  return { title: 'magnitude (RMS)', log, tick: (value) => number(value), value: steady };
}
