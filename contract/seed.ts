/** Two 32-bit integers: the whole state of a stateless random op. The paper's code derives them, the engine draws from them. */
export type Seed = readonly [number, number];
