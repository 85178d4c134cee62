import { ofEachScalar, type Tick } from '../../contract/ticks.ts';

/** A tick of a run that gets on. */
export function exampleTick(nimg: number, change: Partial<Tick> = {}): Tick {
  return {
    ...(ofEachScalar(() => null) as never as Tick), // what a test is not about
    nimg,
    at: nimg * 100,
    trainSeconds: nimg / 10,
    loss: 0.5,
    lossStderr: 0.01,
    learningRate: 0.001,
    imagesPerSecond: 10,
    memoryBytes: 1e9,
    ...change,
  };
}
