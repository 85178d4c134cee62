import { guideProblem, sameModel, USUAL_STRENGTH, type Guidance } from '../../../contract/guidance.ts';
import { ModelChoice } from './model-choice.svelte.ts';

/** The guide and how strongly it guides, in the form. */
export class GuidanceForm {
  readonly #main: ModelChoice;
  readonly guide = new ModelChoice();
  on = $state(false);
  strength = $state(USUAL_STRENGTH);

  /** @param main the network that is guided */
  constructor(main: ModelChoice) {
    this.#main = main;
  }

  /** Why this guide won't do, in a sentence; null: it will, or none is chosen yet. */
  readonly problem: string | null = $derived.by(() => {
    const [main, guide] = [this.#main, this.guide];
    if (!this.on || !main.run || !guide.run) return null;
    if (main.chosen && guide.chosen && sameModel(main.chosen.model, guide.chosen.model)) {
      return 'This is the very network that draws. Choose a worse one: an earlier moment, or another run.';
    }
    return guideProblem(main.run, guide.run);
  });

  /** What kind of guidance it is, in a sentence. */
  readonly words: string = $derived.by(() => {
    const [main, guide] = [this.#main.run, this.guide.run];
    if (!main || !guide) return '';
    return guide.shape.labelDim === 0 && main.shape.labelDim > 0
      ? 'Classifier-free: the guide knows no classes.'
      : 'Autoguidance: the guide is a worse network of the same kind.';
  });

  /** What is sent; null: no guidance. `ready` tells whether anything is missing. */
  readonly value: Guidance | null = $derived(
    this.on && this.guide.chosen ? { guide: this.guide.chosen.model, strength: this.strength } : null,
  );
  readonly ready: boolean = $derived(!this.on || (this.value !== null && this.problem === null));

  /** Switches guidance on; without a guide yet, the oldest average of the network's own run is taken. */
  async begin(): Promise<void> {
    this.on = true;
    if (this.guide.run !== null || this.#main.run === null) return;
    await this.guide.useRun(this.#main.run.id);
    this.guide.useMoment(this.guide.moments.at(-1) ?? null);
  }

  /** Takes over what guided an earlier sheet. @throws {AppError} 'not-found' if the guide's run is gone */
  async use(used: (Guidance & { runId: number }) | null): Promise<void> {
    this.on = used !== null;
    if (used === null) return;
    this.strength = used.strength;
    await this.guide.useRun(used.runId, used.guide);
  }
}
