import { sentence } from '../../../contract/sentence.ts';
import { ChurnConfig, churnProblem } from '../../../contract/training.ts';

const none = ChurnConfig.parse({ amount: 0 });

/** Fresh noise while sampling, in the form. */
export class ChurnForm {
  amount: number = $state(none.amount);
  min: number = $state(none.min);
  /** null: no limit. */
  max: number | null = $state(null);
  noise: number = $state(none.noise);

  readonly problem: string | null = $derived.by(() => {
    const turned = churnProblem({ min: this.min, max: this.max ?? none.max });
    return turned === null ? null : sentence(turned);
  });
  /** What is sent; null: none. */
  readonly value: ChurnConfig | null = $derived(
    this.amount === 0 ? null : { amount: this.amount, min: this.min, max: this.max ?? none.max, noise: this.noise },
  );

  use({ amount, min, max, noise }: ChurnConfig = none): void {
    this.amount = amount;
    this.min = min;
    this.max = max === none.max ? null : max;
    this.noise = noise;
  }
}
