const KEY = 'chart-taste';

/** The longest smoothing, as a share of a curve's length. */
const LONGEST = 0.15;

/** How the user likes curves drawn: the same on every page, remembered in this browser. */
class ChartTaste {
  /** 0: none, 1: the longest. */
  smoothing = $state(0.35);
  logX = $state(false);
  logY = $state(false);
  /** Of the learning rate, whose fall is a straight line then. */
  logRate = $state(false);

  constructor() {
    const text = localStorage.getItem(KEY);
    const [smoothing, logX, logY, logRate] = (text ?? '').split(' ');
    const amount = Number(smoothing);
    if (text && amount >= 0 && amount <= 1) this.smoothing = amount;
    this.logX = logX === 'true';
    this.logY = logY === 'true';
    this.logRate = logRate === 'true';
    $effect.root(() => {
      $effect(() => {
        localStorage.setItem(KEY, [this.smoothing, this.logX, this.logY, this.logRate].join(' '));
      });
    });
  }

  /** Length of the smoothing as a share of a curve. It grows with the slider's square, so that its lower half is fine. */
  get share(): number {
    return this.smoothing ** 2 * LONGEST;
  }

  get words(): string {
    return this.smoothing === 0 ? 'off' : `${(100 * this.share).toFixed(1)} %`;
  }
}

export const chartTaste = new ChartTaste();
