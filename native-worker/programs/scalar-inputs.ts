import type { Scalar } from '@tensorflow/tfjs-core';
import type { StepNumbers } from '../edm2/training/schedule.ts';
import type { StepScalars } from '../edm2/tensors/types.ts';
import { float32, type Given, type Specs } from '../engine/recording/program.ts';
import { numberOf, type HostTensor } from '../engine/session/host-tensor.ts';

/** The numbers that change from step to step, as inputs of an entry. */
export function scalarSpecs(averages: number): Specs {
  const rates = Array.from({ length: averages }, (_, index) => [averageRate(index), float32()] as const);
  return {
    learningRate: float32(),
    firstCorrection: float32(),
    secondCorrection: float32(),
    ...Object.fromEntries(rates),
  };
}

/** What these inputs are fed with. */
export function scalarInputs({ averageRates, ...numbers }: StepNumbers): Record<string, HostTensor> {
  const rates = averageRates.map((rate, index) => [averageRate(index), rate] as const);
  return Object.fromEntries([...Object.entries(numbers), ...rates].map(([name, value]) => [name, numberOf(value)]));
}

const averageRate = (index: number): string => `averageRate${index}`;

/** The scalars among an entry's inputs. */
export function scalarsOf(inputs: Given['inputs'], averages: number): StepScalars {
  const { learningRate, firstCorrection, secondCorrection } = inputs as Record<string, Scalar>;
  return {
    learningRate: learningRate!,
    firstCorrection: firstCorrection!,
    secondCorrection: secondCorrection!,
    averageRates: Array.from({ length: averages }, (_, index) => inputs[averageRate(index)] as Scalar),
  };
}
